"""What can be known of a picture without a network: where its edges lead and what colours it has.

Histograms of oriented gradients (Dalal and Triggs, 2005) over 6 x 6 cells, and mean colours over
4 x 4. Enough to tell a street from a parcel; a bundle's embedding tells far more.
"""

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.bundle.pixels import Pixels

Features: TypeAlias = NDArray[np.float32]
_SIDE, _CELLS, _COLOURS, _ANGLES = 96, 6, 4, 9


def plain_features(picture: Pixels) -> Features:
    """RGB uint8 [H, W, 3] to float32 [F]."""
    small = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    colours = cv2.resize(small, (_COLOURS, _COLOURS), interpolation=cv2.INTER_AREA) / 255
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    strength, angle = cv2.cartToPolar(across, down)
    bins = (angle * (2 * _ANGLES / (2 * np.pi))).astype(int) % _ANGLES
    rows, columns = np.indices(grey.shape) * _CELLS // _SIDE
    places = (rows * _CELLS + columns) * _ANGLES + bins
    sums = np.bincount(places.ravel(), strength.ravel(), _CELLS * _CELLS * _ANGLES)
    edges = np.sqrt(sums / max(float(sums.sum()), 1.0))
    return np.concatenate([edges, colours.ravel()]).astype(np.float32)
