"""The small grey copy of a picture that likeness is told from."""

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.bundle.pixels import Pixels

Greys: TypeAlias = NDArray[np.uint8]
SIDE = 48


def grey_of(picture: Pixels) -> Greys:
    """RGB uint8 [H, W, 3] to grey uint8 [48, 48]; its aspect is not kept."""
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    grey: Greys = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return grey
