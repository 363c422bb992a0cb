"""How much of a thing is seen, and how much one thing hides of another."""

import numpy as np

from edge.cameras.simulated.camera import Camera
from edge.cameras.simulated.model import Pose
from edge.cameras.simulated.solids import Points

SMALLEST, LARGEST = 0.13, 0.64
"""A subject's height on the picture, in fractions of the frame's, stays between these."""

_MARGIN = 0.02  # a subject may leave the frame by this share of it, no more


def seen(extent: Points, pose: Pose, camera: Camera) -> tuple[Points, Points]:
    """The corners (x, y) of a box around a thing of this extent, in fractions of the frame."""
    length, width, tall = extent.tolist()
    signs = [(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0.0, 1.0)]
    corners = pose.place(np.array(signs) * (length, width, tall))
    seen = camera.project(corners) / (camera.width, camera.height)
    return seen.min(axis=0), seen.max(axis=0)


def in_view(box: tuple[Points, Points]) -> bool:
    """Whether a box, in fractions of the frame, is inside it, neither too small nor too large."""
    low, high = box
    inside = bool(np.all(low > -_MARGIN) and np.all(high < 1 + _MARGIN))
    return inside and SMALLEST < float(high[1] - low[1]) < LARGEST


def hidden(box: tuple[Points, Points], by: tuple[Points, Points]) -> float:
    """The share of one box that another covers."""
    common = np.minimum(box[1], by[1]) - np.maximum(box[0], by[0])
    return float(np.prod(np.maximum(common, 0.0)) / np.prod(box[1] - box[0]))
