"""A heat map as a picture: what the network saw, and over it where it looked."""

import cv2
import numpy as np

from deploy.bundle.pixels import Pixels
from trainer.explaining.heat import Floats

_STRONGEST = 0.7
"""How much of a pixel the heat covers where it is highest."""


def overlaid(pixels: Pixels, heat: Floats) -> Pixels:
    """Lay heat [H, W] over pixels uint8 [H, W, 3]: the hotter, the brighter and the less of the
    picture. The colours rise in lightness too, so they can be told apart without seeing hues.
    """
    levels = (heat * 255).round().astype(np.uint8)
    colours = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[..., ::-1]
    cover = (_STRONGEST * np.sqrt(heat))[..., None]
    grey = pixels.mean(2, keepdims=True)
    calm = 0.5 * pixels + 0.5 * grey  # heat stands out, the scene can still be recognised
    mixed: Pixels = (calm * (1 - cover) + colours * cover).round().clip(0, 255).astype(np.uint8)
    return mixed


def side_by_side(pixels: Pixels, heat: Floats, side: int) -> Pixels:
    """The picture and the same with heat, each `side` pixels high."""
    height, width = pixels.shape[:2]
    size = (round(width * side / height), side)
    both = (pixels, overlaid(pixels, heat))
    return np.hstack([cv2.resize(one, size, interpolation=cv2.INTER_CUBIC) for one in both])


def png(picture: Pixels) -> bytes:
    """uint8 [H, W, 3], RGB, as PNG."""
    _, encoded = cv2.imencode(".png", picture[..., ::-1])
    return bytes(encoded.tobytes())
