"""Endless textures: noise that tiles without a seam, laid on a plane in metres."""

from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]

_SIDE = 512


@lru_cache(maxsize=4)
def tile(roughness: float) -> Floats:
    """Noise float32 [512, 512], mean 0, deviation 1, power falling as 1 / frequency^roughness.

    About 0.3 is the grain of asphalt, 1.8 the drift of clouds and stains.
    """
    rng = np.random.default_rng(20261101)
    waves = np.fft.fftfreq(_SIDE)
    frequency = np.hypot(waves[:, None], waves[None, :])
    frequency[0, 0] = 1.0
    spectrum = np.fft.fft2(rng.standard_normal((_SIDE, _SIDE))) / frequency**roughness
    spectrum[0, 0] = 0.0
    noise = np.real(np.fft.ifft2(spectrum))
    return np.asarray(noise / noise.std(), dtype=np.float32)


def grain(x: Floats, y: Floats, metres: float) -> Floats:
    """Fine speckle at each (x, y), the tile repeating every `metres`."""
    return _lay(tile(0.35), x, y, metres)


def drift(x: Floats, y: Floats, metres: float) -> Floats:
    """Soft patches at each (x, y), the tile repeating every `metres`."""
    return _lay(tile(1.8), x, y, metres)


def over(below: Floats, above: Floats, cover: Floats) -> Floats:
    """`above` laid over `below` where `cover` [H, W] says so, 0 to 1."""
    share = cover[:, :, None].astype(np.float32)
    mixed: Floats = below + share * (above - below)
    return mixed


def _lay(noise: Floats, x: Floats, y: Floats, metres: float) -> Floats:
    scale = np.float32(_SIDE / metres)
    laid = cv2.remap(noise, x * scale, y * scale, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.asarray(laid, dtype=np.float32)


def step(low: float, high: float, values: Floats) -> Floats:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), dtype=np.float32)
