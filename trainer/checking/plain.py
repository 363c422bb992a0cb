"""What can be known of a picture without a network: where its edges lead, which colours it has, and
what its surfaces are like.

Three kinds of histograms: of oriented gradients (Dalal and Triggs, 2005) over 6 x 6 cells, of hue
with saturation and of brightness in the upper and the lower half, and of local binary patterns that
a rotation does not change (Ojala, Pietikäinen and Mäenpää, 2002) at three scales. Square roots of
them are compared, so that many small differences count beside a few large ones (Hellinger).
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.bundle.pixels import Pixels

Features: TypeAlias = NDArray[np.float32]
Greys: TypeAlias = NDArray[np.float32]
Histogram: TypeAlias = NDArray[np.float64]
_SIDE = 96
_CELLS, _ANGLES = 6, 9
_HUES, _SATURATIONS, _BRIGHTNESSES = 12, 4, 8
_SHRUNK = (1, 2, 4)
_AROUND = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))
"""The eight neighbours of a pixel in their circle, in a window of 3 x 3."""
_PATTERNS = len(_AROUND) + 2
_MOST_CHANGES = 2
_SHARES = (1.37, 1.10, 4.78)
"""What edges, colours and surfaces are multiplied by: the median distance of two photos of 725
becomes 1 in each, so that none of them outweighs the others."""


def plain_features(picture: Pixels) -> Features:
    """RGB uint8 [H, W, 3] to float32 [F]; meant to be compared by Euclidean distance."""
    small = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    kinds = (_edges(grey), _joined(_colours(small)), _joined(_surfaces(grey)))
    weighed = [share * kind for share, kind in zip(_SHARES, kinds, strict=True)]
    return np.concatenate(weighed).astype(np.float32)


def _edges(grey: Greys) -> Features:
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    strength, angle = cv2.cartToPolar(across, down)
    bins = (angle * (2 * _ANGLES / (2 * np.pi))).astype(int) % _ANGLES
    rows, columns = np.indices(grey.shape) * _CELLS // _SIDE
    places = (rows * _CELLS + columns) * _ANGLES + bins
    sums = np.bincount(places.ravel(), strength.ravel(), _CELLS * _CELLS * _ANGLES)
    return _joined([sums.astype(np.float64)])


def _colours(small: Pixels) -> Iterator[Histogram]:
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    for half in np.split(hsv, 2):
        part = np.ascontiguousarray(half)
        colours = cv2.calcHist([part], [0, 1], None, [_HUES, _SATURATIONS], [0, 180, 0, 256])
        yield colours.ravel().astype(np.float64)
        light = cv2.calcHist([part], [2], None, [_BRIGHTNESSES], [0, 256])
        yield light.ravel().astype(np.float64)


def _surfaces(grey: Greys) -> Iterator[Histogram]:
    """How many neighbours of a pixel are lighter; those that lie in more than one piece are one."""
    for shrunk in _SHRUNK:
        side = _SIDE // shrunk
        scaled = np.rint(cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA))
        inner = side - 2
        middle = scaled[1:-1, 1:-1]
        lighter = np.array([scaled[y : y + inner, x : x + inner] > middle for y, x in _AROUND])
        changes = (lighter != np.roll(lighter, 1, 0)).sum(0)
        pattern = np.where(changes <= _MOST_CHANGES, lighter.sum(0), _PATTERNS - 1)
        for half in np.split(pattern, 2):
            yield np.bincount(half.ravel(), minlength=_PATTERNS).astype(np.float64)


def _joined(histograms: Iterable[Histogram]) -> Features:
    """Square roots of the shares, together of length 1; nought for a picture without edges."""
    parts = [np.sqrt(one / max(float(one.sum()), 1.0)) for one in histograms]
    joined: Features = np.concatenate(parts).astype(np.float32) / len(parts) ** 0.5
    return joined
