"""Cartons, padded envelopes, tubes, and stacks of cartons."""

import math
from dataclasses import dataclass

import numpy as np

from edge.cameras.simulated.light import Colour
from edge.cameras.simulated.model import Model, Pose, model
from edge.cameras.simulated.pen import Pen
from edge.cameras.simulated.solids import (
    Block,
    Detail,
    Part,
    Points,
    Slab,
    lying_tube,
    moved,
    patch,
    upright_box,
)

CARDBOARDS: tuple[Colour, ...] = (
    (186, 146, 100), (172, 130, 86), (200, 164, 118), (158, 118, 78), (206, 178, 138),
)  # fmt: skip
PRINTED: tuple[Colour, ...] = ((226, 224, 218), (60, 62, 68), (64, 92, 140), (176, 62, 52))
_MAILERS: tuple[Colour, ...] = (
    (214, 184, 130), (232, 230, 226), (92, 96, 104), (56, 74, 120), (216, 196, 90), (168, 132, 92),
)  # fmt: skip
_TAPES: tuple[Colour, ...] = ((222, 204, 164), (150, 104, 60), (90, 84, 76))
_LABEL: Colour = (240, 240, 236)
_INK: Colour = (34, 34, 36)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel, or several on top of each other."""

    body: Model

    @property
    def extent(self) -> Points:
        return self.body.extent

    def draw(self, pen: Pen, pose: Pose, time: float) -> None:  # noqa: ARG002
        outline = pose.place(self.body.points)
        pen.shadow(outline, outline * np.array([1.0, 1.0, 0.0]))
        pen.solid(self.body, pose)


def some_parcel(rng: np.random.Generator) -> Parcel:
    """A parcel of any kind."""
    kind = rng.choice(len(_KINDS), p=[share for _, share in _KINDS])
    return Parcel(model(_KINDS[kind][0](rng)))


def _carton(rng: np.random.Generator) -> list[Part]:
    length, width = float(rng.uniform(0.3, 0.65)), float(rng.uniform(0.25, 0.5))
    return [_taped(upright_box(length, width, float(rng.uniform(0.2, 0.5))), rng)]


def _stack(rng: np.random.Generator) -> list[Part]:
    parts, base, side = [], 0.0, float(rng.uniform(0.45, 0.7))
    for level in range(int(rng.integers(2, 4))):
        height = float(rng.uniform(0.16, 0.34))
        part = _taped(upright_box(side, side * float(rng.uniform(0.7, 1.0)), height), rng)
        slip = rng.uniform(-0.04, 0.04, 2)
        turn = float(rng.uniform(-0.25, 0.25))
        parts.append(moved(part, float(slip[0]), float(slip[1]), base, turn, level))
        base, side = base + height, side * float(rng.uniform(0.7, 0.95))
    return parts


def _mailer(rng: np.random.Generator) -> list[Part]:
    length, width = float(rng.uniform(0.32, 0.55)), float(rng.uniform(0.24, 0.4))
    thick, colour = float(rng.uniform(0.05, 0.12)), _MAILERS[rng.integers(len(_MAILERS))]
    lower = Block(
        Slab(-length / 2, length / 2, width / 2, 0.0),
        Slab(-0.42 * length, 0.42 * length, 0.4 * width, thick),
    )
    flap = patch(lower.roof, (0.8, 0.83), (0.0, 1.0), _dimmed(colour, 0.75))
    return [lower.part(colour, roof=(flap, *_label(lower.roof, rng)))]


def _tube(rng: np.random.Generator) -> list[Part]:
    length, radius = float(rng.uniform(0.6, 1.0)), float(rng.uniform(0.05, 0.09))
    tube = lying_tube(length, radius, CARDBOARDS[rng.integers(len(CARDBOARDS))], _LABEL)
    turn = math.pi / 2 if rng.random() < 0.5 else 0.0
    return [moved(tube, 0.0, 0.0, 0.0, turn, 0)]


_KINDS = ((_carton, 0.55), (_stack, 0.2), (_mailer, 0.17), (_tube, 0.08))


def _taped(box: Block, rng: np.random.Generator) -> Part:
    board = CARDBOARDS[rng.integers(len(CARDBOARDS))]
    colour = PRINTED[rng.integers(len(PRINTED))] if rng.random() < 0.2 else board
    tape, wide = _TAPES[rng.integers(len(_TAPES))], 0.07
    middle = (0.5 - wide, 0.5 + wide)
    seam = patch(box.roof, (0.0, 1.0), (0.495, 0.505), _dimmed(colour, 0.6))
    down = (0.66, 1.0)
    return box.part(
        colour,
        roof=(patch(box.roof, (0.0, 1.0), middle, tape), seam, *_label(box.roof, rng)),
        front=(patch(box.front, middle, down, tape), *_marks(box.front, rng)),
        rear=(patch(box.rear, middle, down, tape), *_marks(box.rear, rng)),
        left=(*_edges(box.left, colour), *_label(box.left, rng)),
        right=(*_edges(box.right, colour), *_label(box.right, rng)),
    )


def _label(quad: Points, rng: np.random.Generator) -> tuple[Detail, ...]:
    """A white address label with a bar code, off the middle; not every side has one."""
    if rng.random() < 0.35:
        return ()
    u, v = float(rng.uniform(0.08, 0.5)), float(rng.uniform(0.1, 0.3))
    paper = patch(quad, (u, u + 0.38), (v, v + 0.42), _LABEL)
    code = [
        patch(quad, (u + 0.04 + 0.06 * i, u + 0.07 + 0.06 * i), (v + 0.05, v + 0.2), _INK)
        for i in range(5)
    ]
    return paper, *code, patch(quad, (u + 0.04, u + 0.26), (v + 0.28, v + 0.33), _INK)


def _marks(quad: Points, rng: np.random.Generator) -> tuple[Detail, ...]:
    """Printed handling marks, or a label."""
    if rng.random() < 0.5:
        return _label(quad, rng)
    return (
        patch(quad, (0.7, 0.8), (0.1, 0.35), _INK),
        patch(quad, (0.84, 0.94), (0.1, 0.35), _INK),
    )


def _edges(quad: Points, colour: Colour) -> tuple[Detail, Detail]:
    dark = _dimmed(colour, 0.82)
    return patch(quad, (0.0, 0.02), (0.0, 1.0), dark), patch(quad, (0.98, 1.0), (0.0, 1.0), dark)


def _dimmed(colour: Colour, share: float) -> Colour:
    return share * colour[0], share * colour[1], share * colour[2]
