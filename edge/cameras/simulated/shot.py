"""What a simulated camera hands out: a picture and the truth about it."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]

LABELS: tuple[str, ...] = ("vehicle", "pedestrian", "parcel", "background")
"""The classes, in the order of a network's outputs."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where one object is seen, in fractions of the frame, 0 to 1; `x`, `y` is its top left."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Shot:
    """One rendered picture with its truth.

    `pixels` is uint8 [H, W, 3], RGB. `label` is one of `LABELS`. `boxes` has one entry for
    each object of that class, nearest last, and none when the label is `background`.
    """

    pixels: Pixels
    label: str
    boxes: tuple[Box, ...]
