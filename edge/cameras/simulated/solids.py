"""Things made of flat panels: blocks and drums, with details painted on their sides.

A thing's own axes are metres: x forward, y to its left, z up, the origin on the ground below its
middle. Panels wind so that their normal points outward.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.cameras.simulated.light import Colour

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Detail:
    """A convex patch float64 [N, 3] lying on a panel; a glowing one needs no light."""

    points: Points
    colour: Colour
    glows: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """A convex side of a part, float64 [N, 3], and what is painted on it, in that order."""

    points: Points
    colour: Colour
    details: tuple[Detail, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A convex body. Parts on a higher `level` stand on lower ones and hide them."""

    panels: tuple[Panel, ...]
    level: int = 0


@dataclass(frozen=True, slots=True)
class Slab:
    """A rectangle at one height: x from `rear` to `front`, y from -`half` to `half`, metres."""

    rear: float
    front: float
    half: float
    z: float


@dataclass(frozen=True, slots=True)
class Block:
    """Six-sided body between two slabs; every side is a quad, seen from outside it starts at
    its lower left and runs anticlockwise.
    """

    bottom: Slab
    top: Slab

    @property
    def front(self) -> Points:
        low, high = self.bottom, self.top
        return _quad(
            (low.front, -low.half, low.z), (low.front, low.half, low.z),
            (high.front, high.half, high.z), (high.front, -high.half, high.z),
        )  # fmt: skip

    @property
    def rear(self) -> Points:
        low, high = self.bottom, self.top
        return _quad(
            (low.rear, low.half, low.z), (low.rear, -low.half, low.z),
            (high.rear, -high.half, high.z), (high.rear, high.half, high.z),
        )  # fmt: skip

    @property
    def left(self) -> Points:
        low, high = self.bottom, self.top
        return _quad(
            (low.front, low.half, low.z), (low.rear, low.half, low.z),
            (high.rear, high.half, high.z), (high.front, high.half, high.z),
        )  # fmt: skip

    @property
    def right(self) -> Points:
        low, high = self.bottom, self.top
        return _quad(
            (low.rear, -low.half, low.z), (low.front, -low.half, low.z),
            (high.front, -high.half, high.z), (high.rear, -high.half, high.z),
        )  # fmt: skip

    @property
    def roof(self) -> Points:
        t = self.top
        return _quad(
            (t.rear, -t.half, t.z), (t.front, -t.half, t.z),
            (t.front, t.half, t.z), (t.rear, t.half, t.z),
        )  # fmt: skip

    def part(
        self,
        colour: Colour,
        *,
        front: Iterable[Detail] = (),
        rear: Iterable[Detail] = (),
        left: Iterable[Detail] = (),
        right: Iterable[Detail] = (),
        roof: Iterable[Detail] = (),
        level: int = 0,
    ) -> Part:
        """This block in one colour, with details painted on its sides."""
        sides = (
            Panel(self.front, colour, tuple(front)),
            Panel(self.rear, colour, tuple(rear)),
            Panel(self.left, colour, tuple(left)),
            Panel(self.right, colour, tuple(right)),
            Panel(self.roof, colour, tuple(roof)),
        )
        return Part(sides, level)


def upright_box(length: float, width: float, height: float, base: float = 0.0) -> Block:
    bottom = Slab(-length / 2, length / 2, width / 2, base)
    return Block(bottom, Slab(bottom.rear, bottom.front, bottom.half, base + height))


def drum(
    radius: float, top_radius: float, base: float, top: float, colour: Colour, level: int = 0
) -> Part:
    """An upright cylinder or cone of twelve sides."""
    turns = np.linspace(0.0, 2 * math.pi, 13)
    low = [(radius * math.cos(a), radius * math.sin(a), base) for a in turns]
    high = [(top_radius * math.cos(a), top_radius * math.sin(a), top) for a in turns]
    sides = [Panel(_quad(low[i], low[i + 1], high[i + 1], high[i]), colour) for i in range(12)]
    return Part((*sides, Panel(np.array(high[:12]), colour)), level)


def lying_tube(length: float, radius: float, colour: Colour, caps: Colour) -> Part:
    """A cylinder on its side, along x."""
    turns = np.linspace(0.0, 2 * math.pi, 13)
    ring = [(radius * math.cos(a), radius + radius * math.sin(a)) for a in turns]
    half = length / 2
    sides = [
        Panel(
            _quad((half, *ring[i + 1]), (half, *ring[i]), (-half, *ring[i]), (-half, *ring[i + 1])),
            colour,
        )
        for i in range(12)
    ]
    near = Panel(np.array([(half, *p) for p in ring[:12]]), caps)
    far = Panel(np.array([(-half, *p) for p in ring[11::-1]]), caps)
    return Part((*sides, near, far))


def patch(
    quad: Points, across: tuple[float, float], up: tuple[float, float], colour: Colour,
    *, glows: bool = False,
) -> Detail:  # fmt: skip
    """A rectangle on a quad; `across` and `up` are fractions of it, from its lower left."""
    (u0, u1), (v0, v1) = across, up
    corners = [_on(quad, u0, v0), _on(quad, u1, v0), _on(quad, u1, v1), _on(quad, u0, v1)]
    return Detail(np.array(corners), colour, glows)


def wheel(x: float, side: float, radius: float) -> tuple[Detail, Detail]:
    """A tyre and its hub on the side at y = `side`, standing on the ground."""
    return _disc(x, side, radius, radius, (26, 26, 28)), _disc(
        x, side, radius, 0.58 * radius, (132, 134, 138)
    )


def moved(part: Part, x: float, y: float, z: float, turn: float, level: int) -> Part:
    """The part turned by `turn` radians about its own axis, then carried to (x, y, z)."""
    spin = turned(turn)
    shift = np.array([x, y, z])
    return Part(
        tuple(
            Panel(
                p.points @ spin + shift,
                p.colour,
                tuple(Detail(d.points @ spin + shift, d.colour, d.glows) for d in p.details),
            )
            for p in part.panels
        ),
        level,
    )


def turned(angle: float) -> Points:
    """The matrix that turns row vectors by `angle` radians, anticlockwise from above."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def _disc(x: float, side: float, z: float, radius: float, colour: Colour) -> Detail:
    turns = np.linspace(0.0, 2 * math.pi, 14, endpoint=False)
    points = np.stack([x + radius * np.cos(turns), np.full(14, side), z + radius * np.sin(turns)])
    return Detail(points.T, colour)


def _quad(*corners: Sequence[float]) -> Points:
    return np.array(corners, dtype=np.float64)


def _on(quad: Points, u: float, v: float) -> Points:
    low = quad[0] + u * (quad[1] - quad[0])
    high = quad[3] + u * (quad[2] - quad[3])
    point: Points = low + v * (high - low)
    return point
