"""Rain and snow in the air, drawn once for each frame size and then only moved."""

from functools import lru_cache

import cv2
import numpy as np

from edge.cameras.simulated.light import Light
from edge.cameras.simulated.shot import Pixels

_FALL = {"rain": 2.6, "snow": 0.22}  # frame heights a second


def fall(pixels: Pixels, light: Light, time: float) -> None:
    """Add what falls through the air at `time` seconds to a uint8 [H, W, 3] picture, in place."""
    if light.sky not in _FALL:
        return
    height, width = pixels.shape[:2]
    curtain = _curtain(light.sky, width, height, light.dark)
    row = height - int(time * _FALL[light.sky] * height) % height
    cv2.add(pixels, curtain[row : row + height], dst=pixels)


@lru_cache(maxsize=8)
def _curtain(kind: str, width: int, height: int, dark: bool) -> Pixels:
    """Streaks or flakes on black, uint8 [2 * height, width, 3]; its halves are the same."""
    rng = np.random.default_rng((width, height))
    once = np.zeros((height, width, 3), dtype=np.uint8)
    strength = 26 if dark else 44
    fineness = min(1.0, height / 360)  # on a small frame each pixel is a thick streak
    for _ in range(int(fineness * (420 if kind == "rain" else 330))):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        if kind == "rain":
            long = int(height * rng.uniform(0.03, 0.1))
            shade = int(strength * rng.uniform(0.4, 1.0))
            _line(once, x, y, long, shade)
        else:
            shade = int(3 * strength * rng.uniform(0.4, 1.0))
            radius = max(1, round(height * float(rng.uniform(0.001, 0.004))))
            cv2.circle(once, (x, y), radius, (shade,) * 3, -1, cv2.LINE_AA)
    return np.concatenate([once, once])


def _line(once: Pixels, x: int, y: int, long: int, shade: int) -> None:
    """A streak that leaves at the bottom comes in again at the top."""
    height = once.shape[0]
    for top in (y, y - height):
        cv2.line(once, (x, top), (x + long // 6, top + long), (shade,) * 3, 1, cv2.LINE_AA)
