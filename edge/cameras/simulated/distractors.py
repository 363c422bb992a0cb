"""What stands about in any yard and is no vehicle, pedestrian or parcel."""

import math
from dataclasses import dataclass

import numpy as np

from edge.cameras.simulated.light import Colour
from edge.cameras.simulated.model import Model, Pose, model
from edge.cameras.simulated.pen import Pen
from edge.cameras.simulated.solids import Part, Points, drum, moved, patch, upright_box

_ORANGE: Colour = (226, 96, 34)
_WHITE: Colour = (226, 226, 222)
_STEEL: Colour = (128, 132, 136)
_WOOD: Colour = (128, 96, 64)


@dataclass(frozen=True, slots=True)
class Fixture:
    """A solid thing that never moves; `lamp` is the height of a lamp on it, metres, or 0."""

    body: Model
    lamp: float = 0.0

    @property
    def extent(self) -> Points:
        return self.body.extent

    def draw(self, pen: Pen, pose: Pose, time: float) -> None:  # noqa: ARG002
        outline = pose.place(self.body.points)
        pen.shadow(outline, outline * np.array([1.0, 1.0, 0.0]))
        pen.solid(self.body, pose)
        if self.lamp and pen.light.dark and not pen.light.infrared:
            pen.glow(pose.place(np.array([[0.0, 0.0, self.lamp]]))[0], 1.2, (255, 226, 170))


@dataclass(frozen=True, slots=True)
class Plant:
    """A bush, or a tree when it has a `trunk` (metres); `leaves` is [N, 4]: x, y, z, radius."""

    leaves: Points
    shades: tuple[Colour, ...]
    trunk: float

    @property
    def extent(self) -> Points:
        reach = np.abs(self.leaves[:, :3]).max(axis=0) + self.leaves[:, 3].max()
        return np.array([2 * reach[0], 2 * reach[1], reach[2]])

    def draw(self, pen: Pen, pose: Pose, time: float) -> None:  # noqa: ARG002
        crown = pose.place(self.leaves[:, :3])
        root = pose.place(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, self.trunk]]))
        wide = float(self.leaves[:, 3].mean())
        foot = [[wide, 0, 0], [-wide, 0, 0], [0, wide, 0], [0, -wide, 0]]
        pen.shadow(crown, pose.place(np.array(foot)))
        if self.trunk:
            pen.blob(root, (0.16, 0.1), (82, 66, 52))
        for at, radius, shade in zip(crown, self.leaves[:, 3], self.shades, strict=True):
            pen.blob(at[None], (float(radius),), shade)


@dataclass(frozen=True, slots=True)
class Bird:
    """A bird on the wing; it crosses the scene `height` metres up and flaps."""

    height: float
    colour: Colour

    @property
    def extent(self) -> Points:
        return np.array([0.4, 0.8, 0.2])

    def draw(self, pen: Pen, pose: Pose, time: float) -> None:
        beat = 0.25 * math.sin(9.0 * time)
        h = self.height
        body = pose.place(np.array([(0.18, 0.0, h), (-0.18, 0.0, h)]))
        wings = np.array([(0, 0.45, h + beat), (0, 0, h), (0, -0.45, h + beat)])
        left, middle, right = pose.place(wings)
        pen.blob(body, (0.05, 0.03), self.colour)
        pen.stroke(left, middle, 0.07, self.colour)
        pen.stroke(middle, right, 0.07, self.colour)


def some_fixture(tall: float, rng: np.random.Generator) -> Fixture | Plant:
    """Something that stands about, fit for a scene whose subject is about `tall` metres high.

    Beside a parcel stand cones and buckets, not trees.
    """
    fits = [make for make, least in _MAKES if tall >= least]
    return fits[rng.integers(len(fits))](rng)


def _cone(rng: np.random.Generator) -> Fixture:
    high = float(rng.uniform(0.45, 0.75))
    foot = upright_box(0.36, 0.36, 0.04).part(_ORANGE)
    lower = drum(0.13, 0.09, 0.04, 0.4 * high, _ORANGE, 1)
    band = drum(0.09, 0.06, 0.4 * high, 0.65 * high, _WHITE, 2)
    tip = drum(0.06, 0.02, 0.65 * high, high, _ORANGE, 3)
    return Fixture(model([foot, lower, band, tip]))


def _wheelie_bin(rng: np.random.Generator) -> Fixture:
    tints: tuple[Colour, ...] = ((48, 84, 56), (62, 64, 68), (46, 62, 96), (110, 46, 42))
    colour = tints[rng.integers(len(tints))]
    body = upright_box(0.55, 0.5, 0.9)
    slots = [patch(body.front, (u, u + 0.03), (0.1, 0.85), (28, 30, 30)) for u in (0.2, 0.77)]
    lid = moved(upright_box(0.62, 0.56, 0.1).part((40, 42, 44)), 0.02, 0.0, 0.9, 0.0, 1)
    return Fixture(model([body.part(colour, front=slots), lid]))


def _litter_bin(rng: np.random.Generator) -> Fixture:
    colour: Colour = (54, 58, 60) if rng.random() < 0.6 else (70, 92, 74)
    rim = drum(0.27, 0.27, 0.8, 0.86, _STEEL, 1)
    return Fixture(model([drum(0.22, 0.25, 0.0, 0.8, colour), rim]))


def _bucket(rng: np.random.Generator) -> Fixture:
    tints: tuple[Colour, ...] = ((60, 90, 150), (40, 42, 44), (150, 52, 48), (190, 192, 190))
    return Fixture(model([drum(0.11, 0.15, 0.0, 0.28, tints[rng.integers(4)])]))


def _bollard(rng: np.random.Generator) -> Fixture:
    high = float(rng.uniform(0.8, 1.1))
    colour: Colour = (222, 190, 50) if rng.random() < 0.5 else (64, 66, 70)
    band = drum(0.085, 0.085, 0.7 * high, 0.85 * high, _WHITE, 1)
    return Fixture(model([drum(0.08, 0.08, 0.0, high, colour), band]))


def _lamp_post(rng: np.random.Generator) -> Fixture:
    high = float(rng.uniform(4.0, 6.0))
    head = moved(upright_box(0.7, 0.2, 0.12).part(_STEEL), 0.25, 0.0, high, 0.0, 1)
    return Fixture(model([drum(0.08, 0.05, 0.0, high, _STEEL), head]), lamp=high)


def _sign_post(rng: np.random.Generator) -> Fixture:
    high = float(rng.uniform(1.9, 2.4))
    board = upright_box(0.05, 0.6, 0.6)
    face: Colour = (40, 80, 150) if rng.random() < 0.5 else (206, 44, 40)
    marks = (patch(board.front, (0.3, 0.7), (0.25, 0.75), _WHITE),)
    plate = moved(board.part(face, front=marks, rear=()), 0.05, 0.0, high, 0.0, 1)
    return Fixture(model([drum(0.04, 0.04, 0.0, high + 0.6, _STEEL), plate]))


def _bench(rng: np.random.Generator) -> Fixture:
    seat = moved(upright_box(0.42, 1.6, 0.06).part(_WOOD), 0.0, 0.0, 0.42, 0.0, 1)
    back = moved(upright_box(0.05, 1.6, 0.35).part(_WOOD), -0.2, 0.0, 0.5, 0.0, 2)
    legs: list[Part] = [
        moved(upright_box(0.4, 0.07, 0.42).part(_STEEL), 0.0, y, 0.0, 0.0, 0) for y in (-0.7, 0.7)
    ]
    return Fixture(model([*legs, seat, back] if rng.random() < 0.8 else [*legs, seat]))


def _barrier(rng: np.random.Generator) -> Fixture:
    long = float(rng.uniform(1.4, 2.2))
    board = upright_box(0.05, long, 0.25)
    stripes = [
        patch(board.front, (u, u + 0.1), (0, 1), (200, 40, 36)) for u in (0.05, 0.3, 0.55, 0.8)
    ]
    behind = [
        patch(board.rear, (u, u + 0.1), (0, 1), (200, 40, 36)) for u in (0.05, 0.3, 0.55, 0.8)
    ]
    top = moved(board.part(_WHITE, front=stripes, rear=behind), 0.0, 0.0, 0.7, 0.0, 1)
    legs = [
        moved(upright_box(0.4, 0.06, 0.8).part(_STEEL), 0.0, y * long, 0.0, 0.0, 0)
        for y in (-0.4, 0.4)
    ]
    return Fixture(model([*legs, top]))


def _bush(rng: np.random.Generator) -> Plant:
    return _leafy(float(rng.uniform(0.4, 0.7)), 0.0, rng)


def _tree(rng: np.random.Generator) -> Plant:
    return _leafy(float(rng.uniform(1.0, 1.6)), float(rng.uniform(1.8, 2.8)), rng)


def _leafy(reach: float, trunk: float, rng: np.random.Generator) -> Plant:
    spread = rng.normal(0.0, 0.5, (26, 3)) * reach
    spread[:, 2] = np.abs(spread[:, 2]) + trunk + 0.35 * reach
    order = np.argsort(spread[:, 2])
    radii = rng.uniform(0.25, 0.45, 26) * reach
    greens = rng.uniform(0.65, 1.3, 26)[:, None] * np.array([62.0, 92.0, 48.0])
    leaves = np.column_stack([spread[order], radii])
    return Plant(leaves, tuple((r, g, b) for r, g, b in greens.tolist()), trunk)


_MAKES = (
    (_cone, 0.0), (_bucket, 0.0), (_bollard, 0.0), (_wheelie_bin, 0.0), (_litter_bin, 0.0),
    (_barrier, 1.0), (_bush, 0.5), (_bench, 1.0), (_sign_post, 1.0), (_lamp_post, 1.3),
    (_tree, 1.3),
)  # fmt: skip
