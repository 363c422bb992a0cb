"""Where the world falls on the picture.

World axes are metres: x to the right, y away from the camera, z up, the ground at z = 0 and the
camera above the origin. The lens is shifted rather than tilted, as in architectural pictures:
the horizon lies on any row, even above the frame, and what is upright stays upright.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera over flat ground; `focal` and `horizon` in pixels, `elevation` in metres."""

    width: int
    height: int
    focal: float
    horizon: float
    elevation: float

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Metres [N, 3] to pixels [N, 2] (column, row); what lies behind is held at 0.3 m."""
        scale = self.focal / np.maximum(points[:, 1], 0.3)
        columns = self.width / 2 + scale * points[:, 0]
        rows = self.horizon + scale * (self.elevation - points[:, 2])
        seen = np.empty((len(points), 2))
        seen[:, 0], seen[:, 1] = columns, rows
        return seen

    def pixels_per_metre(self, depth: float) -> float:
        return self.focal / max(depth, 0.3)

    def ground_row(self, depth: float) -> float:
        """The row on which ground at `depth` metres is seen."""
        return self.horizon + self.focal * self.elevation / depth

    def ground_depths(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """How far away, in metres, the ground seen on each of `rows` is; rows below the horizon."""
        below = np.maximum(rows - np.float32(self.horizon), np.float32(0.5))
        return np.asarray(self.focal * self.elevation / below, dtype=np.float32)


def framing(
    size: tuple[int, int], *, lens: float, horizon: float, foot: float, depth: float
) -> Camera:
    """The camera that sees ground at `depth` metres on row `foot`.

    `size` is (width, height) in pixels; `lens` is the focal length, `horizon` and `foot` are
    rows, all three in fractions of the frame's height.
    """
    width, height = size
    elevation = (foot - horizon) * depth / lens
    return Camera(width, height, lens * height, horizon * height, elevation)
