"""Cars, vans, lorries and buses on their way."""

from dataclasses import dataclass

import numpy as np

from edge.cameras.simulated.bodywork import some_bodywork
from edge.cameras.simulated.light import Colour
from edge.cameras.simulated.model import Model, Pose, model
from edge.cameras.simulated.pen import Pen
from edge.cameras.simulated.solids import Points

_WHITE_LIGHT: Colour = (255, 250, 228)
_RED_LIGHT: Colour = (214, 34, 30)


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle that stands or drives forward; its lamps are lit when `lit`."""

    body: Model
    lit: bool

    @property
    def extent(self) -> Points:
        return self.body.extent

    def draw(self, pen: Pen, pose: Pose, time: float) -> None:  # noqa: ARG002
        outline = pose.place(self.body.points)
        base = outline * np.array([1.0, 1.0, 0.0])
        pen.shadow(outline, base)
        pen.solid(self.body, pose)
        if self.lit:
            self._bloom(pen, pose)

    def _bloom(self, pen: Pen, pose: Pose) -> None:
        length, width, _ = self.extent.tolist()
        front, side = length / 2, 0.36 * width
        lamps = np.array(
            [(front, side, 0.75), (front, -side, 0.75), (-front, side, 0.85), (-front, -side, 0.85)]
        )
        ends = pose.place(lamps)
        middle = pose.place(np.zeros((1, 3)))[0]
        for at, colour, reach in zip(
            ends, [_WHITE_LIGHT] * 2 + [_RED_LIGHT] * 2, (1.1, 1.1, 0.4, 0.4), strict=True
        ):
            facing = float((at - middle) @ (-middle)) > 0.0
            if facing:
                pen.glow(at, reach, colour)


def some_vehicle(*, lit: bool, rng: np.random.Generator) -> Vehicle:
    """A vehicle of any make and paint."""
    return Vehicle(model(some_bodywork(lit=lit, rng=rng)), lit)
