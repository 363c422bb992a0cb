"""Whether two small grey pictures show the same: laid upon each other, then compared part by part.

They are laid upon each other by an affine warp that maximises their correlation (Evangelidis and
Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization", 2008),
which light and contrast do not change. A mean over the picture would not see a person who walked
into a yard that stays the same, so no part may differ. Where light was cut off at white or black,
nothing is compared.
"""

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.likeness.grey import SIDE, Greys

Warp: TypeAlias = NDArray[np.float32]
MOST_UNLIKE = 0.5
"""Mean difference of the worst of 6 x 6 parts, in standard deviations of the picture. Photos that
were encoded anew, resized, cut or brightened stay below it, different ones have 0.55 and more."""
_MOST_WARPED = 0.25
_PARTS = 6
_STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-3)
_SMOOTHING = 5
_DARKEST, _LIGHTEST = 3, 250
_FLAT = 4.0
_LEAST_COMPARED = 0.5
_SCALES = (1.0, 0.9, 1 / 0.9)


def show_the_same(one: Greys, other: Greys) -> bool:
    """Compare uint8 [S, S] with uint8 [S, S]; mirror one of them before, where that is meant."""
    if _unlike(one, other, np.eye(2, 3, dtype=np.float32)) < MOST_UNLIKE:
        return True
    for scale in _SCALES:
        warp = _aligned(one, other, scale)
        if warp is not None and _unlike(one, other, warp) < MOST_UNLIKE:
            return True
    return False


def _aligned(one: Greys, other: Greys, scale: float) -> Warp | None:
    """Where each pixel of `one` lies in `other`; None where no small warp leads there."""
    shift = (1 - scale) * (SIDE - 1) / 2
    start = np.array([[scale, 0, shift], [0, scale, shift]], np.float32)
    try:
        _, warp = cv2.findTransformECC(
            one, other, start, cv2.MOTION_AFFINE, _STEPS, None, _SMOOTHING
        )
    except cv2.error:  # it did not converge
        return None
    small = np.abs(warp[:, :2] - np.eye(2)).max() < _MOST_WARPED
    return warp if small else None


def _unlike(one: Greys, other: Greys, warp: Warp) -> float:
    """How much the part that differs most differs, in standard deviations."""
    flags = cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(other, warp, (SIDE, SIDE), flags=flags | cv2.INTER_LINEAR)
    inside = cv2.warpAffine(np.ones_like(other), warp, (SIDE, SIDE), flags=flags)
    lowest, highest = np.minimum(one, moved), np.maximum(one, moved)
    counts = (inside > 0) & (lowest > _DARKEST) & (highest < _LIGHTEST)
    if counts.mean() < _LEAST_COMPARED:
        counts = inside > 0
    difference = np.abs(_standard(one, counts) - _standard(moved, counts)) * counts
    side = SIDE // _PARTS
    parts = difference.reshape(_PARTS, side, _PARTS, side).mean((1, 3))
    return float(parts.max())


def _standard(grey: Greys, counts: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Without mean and contrast; the noise of a picture of one colour stays noise."""
    values = grey.astype(np.float32)
    chosen = values[counts]
    standard: NDArray[np.float32] = (values - chosen.mean()) / max(float(chosen.std()), _FLAT)
    return standard
