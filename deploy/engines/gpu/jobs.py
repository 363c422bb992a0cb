"""The table that the resize kernel works through: one job for each picture, or zone of one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.manifest import InputSpec
from deploy.bundle.placement import Rectangle, place

COLOURS = 3
JOB = np.dtype(
    [
        ("origin", np.uint64), ("step_x", np.int64), ("step_y", np.int64),
        ("width", np.int32), ("height", np.int32),
        ("inner_left", np.int32), ("inner_top", np.int32),
        ("inner_width", np.int32), ("inner_height", np.int32),
        ("area", np.int32), ("place", np.int32),
    ]
)  # fmt: skip
"""`struct Job` of `kernels/resize.h`, field by field."""


@dataclass(frozen=True, slots=True)
class Surface:
    """A decoded picture in memory, uint8 RGB, as it is stored: not yet upright."""

    address: int
    width: int
    height: int
    pitch: int
    """Bytes from a row to the next."""
    orientation: int = 1
    """EXIF, 1 to 8 (TIFF 6.0 tag 274)."""


@dataclass(frozen=True, slots=True)
class _View:
    """Where the pixels of a picture lie, as a walk from its upper left corner."""

    origin: int
    step_x: int
    step_y: int
    width: int
    height: int

    def transposed(self) -> "_View":
        return _View(self.origin, self.step_y, self.step_x, self.height, self.width)

    def mirrored(self) -> "_View":
        last = self.origin + (self.width - 1) * self.step_x
        return _View(last, -self.step_x, self.step_y, self.width, self.height)

    def upside_down(self) -> "_View":
        last = self.origin + (self.height - 1) * self.step_y
        return _View(last, self.step_x, -self.step_y, self.width, self.height)

    def cut(self, to: Rectangle) -> "_View":
        origin = self.origin + to.left * self.step_x + to.top * self.step_y
        return _View(origin, self.step_x, self.step_y, to.width, to.height)


def job(surface: Surface, spec: InputSpec, at: int, zone: Rectangle | None = None) -> Any:
    """What brings a picture to place `at` of the batch, as a tuple in the order of `JOB`.

    Args:
        zone: pixels of the upright picture that are treated as if they were all of it.

    Raises:
        ValueError: the zone does not lie within the picture.
    """
    view = _upright(surface)
    if zone is not None:
        _check_within(zone, view)
        view = view.cut(zone)
    placed = place(view.width, view.height, spec)
    view, inner = view.cut(placed.crop), placed.inner
    return (
        *(view.origin, view.step_x, view.step_y, view.width, view.height),
        *(inner.left, inner.top, inner.width, inner.height, placed.area, at),
    )


def table(jobs: list[Any]) -> NDArray[Any]:
    """The jobs as the kernel reads them."""
    return np.array(jobs, JOB)


def _upright(surface: Surface) -> _View:
    """Undo the orientation by walking the picture another way: no pixel moves."""
    view = _View(surface.address, COLOURS, surface.pitch, surface.width, surface.height)
    if surface.orientation in (5, 6, 7, 8):
        view = view.transposed()
    if surface.orientation in (2, 3, 6, 7):
        view = view.mirrored()
    if surface.orientation in (3, 4, 7, 8):
        view = view.upside_down()
    return view


def _check_within(zone: Rectangle, view: _View) -> None:
    right, bottom = zone.left + zone.width, zone.top + zone.height
    inside = zone.left >= 0 and zone.top >= 0 and right <= view.width and bottom <= view.height
    if not inside or zone.width < 1 or zone.height < 1:
        raise ValueError(f"{zone} is not within the picture's {view.width}x{view.height} pixels")
