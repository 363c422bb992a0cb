"""What a cheap camera does to a picture: vignette, colour cast, soft focus, noise, JPEG."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.cameras.simulated.light import Light
from edge.cameras.simulated.shot import Pixels

_SPARE = 64  # rows and columns by which the noise is larger than the frame


@dataclass(frozen=True, slots=True)
class Sensor:
    """One camera's flaws. `gain` is uint8 [H, W, 3], a factor in 1/255; `noise` is a deviation
    in grey levels; `soft` focus blurs; a camera that sees infrared has no colour.
    """

    gain: Pixels
    noise: int
    soft: bool
    colourless: bool

    def expose(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        """The picture as this sensor gives it; uint8 [H, W, 3], a new array."""
        seen = cv2.multiply(pixels, self.gain, scale=1 / 255)
        if self.soft:
            seen = cv2.blur(seen, (3, 3))
        if self.colourless:
            seen = cv2.merge([cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY)] * 3)
        return self._noisy(seen, rng)

    def _noisy(self, seen: Pixels, rng: np.random.Generator) -> Pixels:
        height, width = seen.shape[:2]
        brighter, darker = _noise(width, height, self.noise)
        row, column = (int(n) for n in rng.integers(_SPARE, size=2))
        window = slice(row, row + height), slice(column, column + width)
        cv2.add(seen, brighter[window], dst=seen)
        cv2.subtract(seen, darker[window], dst=seen)
        return seen


def some_sensor(width: int, height: int, light: Light, rng: np.random.Generator) -> Sensor:
    """A sensor for this light: the darker, the noisier."""
    least = {"day": 2, "dusk": 4, "night": 6}[light.time]
    return Sensor(
        gain=_gain(width, height, float(rng.uniform(0.05, 0.35)), rng.uniform(0.93, 1.0, 3)),
        noise=least + int(rng.integers(0, 4)),
        soft=bool(rng.random() < 0.5),
        colourless=light.infrared,
    )


def through_jpeg(pixels: Pixels, quality: int) -> Pixels:
    """What is left of an RGB picture after JPEG at `quality`, 1 to 100; uint8 [H, W, 3]."""
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _gain(width: int, height: int, corner: float, cast: NDArray[np.float64]) -> Pixels:
    across = np.square(np.linspace(-1, 1, width))
    down = np.square(np.linspace(-1, 1, height))
    fall = 1 - corner * np.add.outer(down, across) / 2
    gain: Pixels = np.multiply.outer(255 * fall, cast).astype(np.uint8)
    return gain


@lru_cache(maxsize=12)
def _noise(width: int, height: int, level: int) -> tuple[Pixels, Pixels]:
    """What noise adds and what it takes, uint8 [H + 64, W + 64, 3] each."""
    rng = np.random.default_rng((width, height, level))
    shape = (height + _SPARE, width + _SPARE, 3)
    noise = rng.standard_normal(shape, dtype=np.float32) * level
    return np.maximum(noise, 0).astype(np.uint8), np.maximum(-noise, 0).astype(np.uint8)
