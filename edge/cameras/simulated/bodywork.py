"""What vehicles are built of: bodies, cabins, wheels, lamps, number plates."""

import itertools

import numpy as np

from edge.cameras.simulated.light import Colour
from edge.cameras.simulated.solids import Block, Detail, Part, Points, Slab, patch, wheel

PAINTS: tuple[Colour, ...] = (
    (225, 226, 228), (196, 200, 204), (120, 124, 130), (58, 60, 66), (34, 35, 40),
    (150, 36, 34), (36, 62, 122), (70, 108, 150), (44, 82, 58), (196, 160, 60),
    (206, 104, 40), (138, 112, 86), (232, 224, 200), (96, 40, 70),
)  # fmt: skip
_GLASS: Colour = (44, 56, 66)
_DARK: Colour = (30, 31, 34)
_WHITE_LIGHT: Colour = (255, 250, 228)
_RED_LIGHT: Colour = (214, 34, 30)


def some_bodywork(*, lit: bool, rng: np.random.Generator) -> list[Part]:
    """The parts of a vehicle of any make and paint; the lamps glow when `lit`."""
    make = rng.choice(len(_MAKES), p=[share for _, share in _MAKES])
    paint = PAINTS[rng.integers(len(PAINTS))]
    return _MAKES[make][0](paint, lit, rng)


def _car(paint: Colour, lit: bool, rng: np.random.Generator) -> list[Part]:
    length, half = float(rng.uniform(3.9, 4.8)), float(rng.uniform(0.86, 0.95))
    waist, height = float(rng.uniform(0.86, 1.0)), float(rng.uniform(1.42, 1.75))
    estate = rng.random() < 0.4
    ends = length / 2
    body = Block(
        Slab(-ends, ends, half, 0.28),
        Slab(-ends + 0.08, ends - 0.22, half - 0.06, waist),
    )
    tail = -ends + 0.1 if estate else -ends + float(rng.uniform(0.35, 0.7))
    cabin = Block(
        Slab(tail, ends - 1.05, half - 0.06, waist),
        Slab(tail + (0.25 if estate else 0.55), ends - 1.85, half - 0.24, height),
    )
    return [_lower_body(body, paint, lit, length), _cabin(cabin, paint)]


def _pickup(paint: Colour, lit: bool, rng: np.random.Generator) -> list[Part]:
    length, half, waist = 5.2, 0.95, 1.05
    body = Block(Slab(-2.6, 2.6, half, 0.35), Slab(-2.58, 2.4, half - 0.04, waist))
    cabin = Block(
        Slab(-0.5, 1.5, half - 0.06, waist),
        Slab(-0.35, 0.8, half - 0.22, float(rng.uniform(1.7, 1.85))),
    )
    bed = patch(body.roof, (0.03, 0.38), (0.06, 0.94), _DARK)
    return [_lower_body(body, paint, lit, length, (bed,)), _cabin(cabin, paint)]


def _van(paint: Colour, lit: bool, rng: np.random.Generator) -> list[Part]:
    length, half = float(rng.uniform(4.9, 6.0)), float(rng.uniform(0.95, 1.02))
    height, ends = float(rng.uniform(1.95, 2.6)), length / 2
    hold = Block(Slab(-ends, ends - 1.6, half, 0.35), Slab(-ends, ends - 1.6, half - 0.08, height))
    nose = Block(Slab(ends - 1.6, ends, half, 0.35), Slab(ends - 1.6, ends - 0.3, half - 0.05, 1.1))
    screen = Block(
        Slab(ends - 1.6, ends - 0.55, half - 0.05, 1.1),
        Slab(ends - 1.6, ends - 1.35, half - 0.12, height - 0.06),
    )
    windows = (patch(hold.rear, (0.08, 0.46), (0.55, 0.85), _GLASS),
               patch(hold.rear, (0.54, 0.92), (0.55, 0.85), _GLASS))  # fmt: skip
    sign = _sign(rng)
    return [
        hold.part(
            paint,
            rear=(*windows, *_tail_lamps(hold, lit), _plate(hold.rear)),
            left=(
                *wheel(-ends + 0.95, half, 0.36),
                patch(hold.left, (0.15, 0.6), (0.45, 0.75), sign),
            ),
            right=(
                *wheel(-ends + 0.95, -half, 0.36),
                patch(hold.right, (0.4, 0.85), (0.45, 0.75), sign),
            ),
        ),
        nose.part(
            paint,
            front=(*_head_lamps(nose, lit), _grille(nose.front), _plate(nose.front)),
            left=wheel(ends - 0.85, half, 0.36),
            right=wheel(ends - 0.85, -half, 0.36),
        ),
        _cabin(screen, paint),
    ]


def _lorry(paint: Colour, lit: bool, rng: np.random.Generator) -> list[Part]:
    length, half, height = float(rng.uniform(6.5, 8.5)), 1.2, float(rng.uniform(3.0, 3.5))
    ends, box_paint = length / 2, PAINTS[rng.integers(5)]
    hold = Block(Slab(-ends, ends - 2.1, half, 0.95), Slab(-ends, ends - 2.1, half, height))
    cab = Block(
        Slab(ends - 1.9, ends, half - 0.05, 0.5), Slab(ends - 1.85, ends - 0.15, half - 0.1, 2.6)
    )
    frame = Block(Slab(-ends, ends - 1.9, 0.5 * half, 0.5), Slab(-ends, ends - 1.9, half, 0.95))
    sign = _sign(rng)
    wheels_left = (*wheel(-ends + 1.0, half, 0.5), *wheel(-ends + 2.1, half, 0.5))
    wheels_right = (*wheel(-ends + 1.0, -half, 0.5), *wheel(-ends + 2.1, -half, 0.5))
    return [
        frame.part(_DARK, rear=(*_tail_lamps(frame, lit), _plate(frame.rear)), level=0,
                   left=wheels_left, right=wheels_right),
        hold.part(
            box_paint,
            rear=(patch(hold.rear, (0.49, 0.51), (0.03, 0.97), _DARK),),
            left=(patch(hold.left, (0.1, 0.9), (0.4, 0.7), sign),),
            right=(patch(hold.right, (0.1, 0.9), (0.4, 0.7), sign),),
            level=1,
        ),
        cab.part(
            paint,
            front=(patch(cab.front, (0.06, 0.94), (0.5, 0.88), _GLASS), _grille(cab.front),
                   *_head_lamps(cab, lit), _plate(cab.front)),
            left=(patch(cab.left, (0.12, 0.6), (0.52, 0.86), _GLASS),
                  *wheel(ends - 0.85, half - 0.05, 0.5)),
            right=(patch(cab.right, (0.4, 0.88), (0.52, 0.86), _GLASS),
                   *wheel(ends - 0.85, 0.05 - half, 0.5)),
            level=1,
        ),
    ]  # fmt: skip


def _bus(paint: Colour, lit: bool, rng: np.random.Generator) -> list[Part]:
    length, half, height = float(rng.uniform(8.0, 10.5)), 1.25, 3.0
    ends, band = length / 2, _sign(rng)
    body = Block(Slab(-ends, ends, half, 0.35), Slab(-ends, ends - 0.1, half - 0.05, height))
    panes = np.linspace(0.05, 0.95, 8)
    gap = 0.012

    def side(quad: Points) -> list[Detail]:
        row = [
            patch(quad, (float(a) + gap, float(b) - gap), (0.48, 0.85), _GLASS)
            for a, b in itertools.pairwise(panes)
        ]
        return [patch(quad, (0.0, 1.0), (0.22, 0.34), band), *row]

    axles = (-ends + 2.2, ends - 2.2)
    return [
        body.part(
            paint,
            front=(patch(body.front, (0.06, 0.94), (0.35, 0.82), _GLASS),
                   patch(body.front, (0.25, 0.75), (0.85, 0.95), (220, 150, 40), glows=lit),
                   *_head_lamps(body, lit), _plate(body.front)),
            rear=(patch(body.rear, (0.15, 0.85), (0.5, 0.8), _GLASS),
                  *_tail_lamps(body, lit), _plate(body.rear)),
            left=(*side(body.left), *(d for x in axles for d in wheel(x, half, 0.5))),
            right=(*side(body.right), *(d for x in axles for d in wheel(x, -half, 0.5))),
        )
    ]  # fmt: skip


_MAKES = ((_car, 0.5), (_pickup, 0.08), (_van, 0.22), (_lorry, 0.12), (_bus, 0.08))


def _lower_body(
    body: Block, paint: Colour, lit: bool, length: float, roof: tuple[Detail, ...] = ()
) -> Part:
    """The part on wheels, below the waist."""
    half = body.bottom.half
    fore, aft, radius = length * 0.30, -length * 0.30, 0.34
    line: Colour = (0.62 * paint[0], 0.62 * paint[1], 0.62 * paint[2])

    def side(quad: Points, y: float) -> tuple[Detail, ...]:
        doors = [patch(quad, (u, u + 0.008), (0.12, 0.98), line) for u in (0.36, 0.55, 0.72)]
        sill = patch(quad, (0.0, 1.0), (0.0, 0.14), _DARK)
        return sill, *doors, *wheel(fore, y, radius), *wheel(aft, y, radius)

    return body.part(
        paint,
        front=(_grille(body.front), *_head_lamps(body, lit), _plate(body.front)),
        rear=(*_tail_lamps(body, lit), _plate(body.rear)),
        left=side(body.left, half),
        right=side(body.right, -half),
        roof=roof,
    )


def _cabin(cabin: Block, paint: Colour) -> Part:
    """The part with the windows, above the waist."""

    def panes(quad: Points) -> tuple[Detail, ...]:
        return (patch(quad, (0.06, 0.48), (0.08, 0.86), _GLASS),
                patch(quad, (0.52, 0.93), (0.08, 0.86), _GLASS))  # fmt: skip

    return cabin.part(
        paint,
        front=(patch(cabin.front, (0.06, 0.94), (0.06, 0.92), _GLASS),),
        rear=(patch(cabin.rear, (0.1, 0.9), (0.12, 0.86), _GLASS),),
        left=panes(cabin.left),
        right=panes(cabin.right),
        level=1,
    )


def _head_lamps(block: Block, lit: bool) -> tuple[Detail, Detail]:
    colour = _WHITE_LIGHT if lit else (206, 210, 212)
    low, high = _lamp_band(block)
    return (patch(block.front, (0.04, 0.24), (low, high), colour, glows=lit),
            patch(block.front, (0.76, 0.96), (low, high), colour, glows=lit))  # fmt: skip


def _tail_lamps(block: Block, lit: bool) -> tuple[Detail, Detail]:
    colour = _RED_LIGHT if lit else (140, 26, 26)
    low, high = _lamp_band(block)
    return (patch(block.rear, (0.03, 0.17), (low, high), colour, glows=lit),
            patch(block.rear, (0.83, 0.97), (low, high), colour, glows=lit))  # fmt: skip


def _lamp_band(block: Block) -> tuple[float, float]:
    """Lamps sit 0.6 to 0.8 m above the ground, as fractions of the block's own height."""
    base, tall = block.bottom.z, block.top.z - block.bottom.z
    return max(0.1, (0.6 - base) / tall), min(0.95, (0.82 - base) / tall)


def _grille(quad: Points) -> Detail:
    return patch(quad, (0.28, 0.72), (0.12, 0.35), _DARK)


def _plate(quad: Points) -> Detail:
    return patch(quad, (0.39, 0.61), (0.07, 0.15), (228, 224, 190))


def _sign(rng: np.random.Generator) -> Colour:
    r, g, b = rng.uniform(30, 230, 3).tolist()
    return r, g, b
