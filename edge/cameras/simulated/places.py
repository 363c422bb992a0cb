"""The four places a camera looks at, and what covers the ground there."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edge.cameras.simulated.light import Colour

PLACES = ("road", "path", "conveyor", "yard")


@dataclass(frozen=True, slots=True)
class Surface:
    """What the ground is made of.

    `speckle` and `stains` are contrasts, fractions of the colour; `joint` is the side of its
    slabs in metres, 0 where it has none.
    """

    colour: Colour
    speckle: float
    stains: float
    joint: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """A painted line along a strip, `offset` metres left of its middle; `dash` 0 is unbroken."""

    offset: float
    width: float
    dash: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Strip:
    """A band of another surface: a carriageway, a footpath, a belt.

    It runs in `direction`, radians from the x axis, `width` metres wide, its middle `offset`
    metres to the left of the point that the camera watches.
    """

    surface: Surface
    direction: float
    width: float
    offset: float = 0.0
    lines: tuple[Line, ...] = ()
    kerb: float = 0.0


@dataclass(frozen=True, slots=True)
class Backdrop:
    """An upright plane across the view at `depth` metres: `wall` to its `top`, then sky.

    `pattern` is `brick`, `ribs`, `hedge` or `plain`; `openings` are windows, doors and shutters:
    x, z of the lower left and width, height, metres.
    """

    depth: float
    top: float
    colour: Colour
    pattern: str
    openings: tuple[tuple[float, float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A place around the point (`x`, `y`) that the camera watches, metres."""

    name: str
    x: float
    y: float
    ground: Surface
    strip: Strip | None
    backdrop: Backdrop
    moving: bool = False

    @property
    def indoors(self) -> bool:
        return self.name == "conveyor"

    @property
    def direction(self) -> float:
        return self.strip.direction if self.strip else 0.0


def some_place(name: str, x: float, y: float, rng: np.random.Generator) -> Place:
    """One of `PLACES` around the watched point, different each time."""
    return _BUILDERS[name](x, y, rng)


def beside_the_belt(place: Place, rng: np.random.Generator) -> Place:
    """The same place, watched from further aside if its middle is a belt: nobody walks on it."""
    if place.strip is None or not place.moving:
        return place
    aside = place.strip.width / 2 + float(rng.uniform(0.5, 1.5))
    offset = aside if rng.random() < 0.7 else -aside
    return replace(place, strip=replace(place.strip, offset=offset))


def _road(x: float, y: float, rng: np.random.Generator) -> Place:
    width = float(rng.uniform(6.0, 9.0))
    white: Colour = (206, 206, 200)
    middle = Line(0.0, 0.14, 3.0, white)
    edges = (Line(width / 2 - 0.3, 0.12, 0.0, white), Line(0.3 - width / 2, 0.12, 0.0, white))
    lines = (middle, *edges) if rng.random() < 0.6 else (middle,)
    lane = width / 4 if rng.random() < 0.5 else -width / 4
    strip = Strip(_asphalt(rng), _direction(rng), width, lane, lines, kerb=0.2)
    verge = _grass(rng) if rng.random() < 0.5 else _paving(rng)
    return Place("road", x, y, verge, strip, _outdoor_backdrop(y, rng))


def _path(x: float, y: float, rng: np.random.Generator) -> Place:
    width = float(rng.uniform(1.8, 3.6))
    surface = _paving(rng) if rng.random() < 0.6 else _asphalt(rng)
    strip = Strip(surface, _direction(rng), width, float(rng.uniform(-0.3, 0.3)), kerb=0.08)
    return Place("path", x, y, _grass(rng), strip, _outdoor_backdrop(y, rng))


def _conveyor(x: float, y: float, rng: np.random.Generator) -> Place:
    width = float(rng.uniform(0.7, 1.1))
    belt = Surface(_near((50, 52, 55), rng), 0.05, 0.05)
    steel, yellow = (150, 154, 158), (214, 178, 44)
    half = width / 2
    rails = (Line(half + 0.05, 0.1, 0.0, steel), Line(-half - 0.05, 0.1, 0.0, steel))
    lanes = (Line(half + 0.9, 0.08, 0.0, yellow),)
    lines = rails + lanes if rng.random() < 0.6 else rails
    floor = Surface(_near((132, 136, 136), rng), 0.04, 0.08, 3.0)
    strip = Strip(belt, _direction(rng), width, 0.0, lines)
    wall = Backdrop(
        y * float(rng.uniform(1.8, 3.5)), 99.0, _near((168, 170, 168), rng), "ribs", _openings(rng)
    )
    return Place("conveyor", x, y, floor, strip, wall, moving=True)


def _yard(x: float, y: float, rng: np.random.Generator) -> Place:
    ground = (_concrete, _asphalt, _gravel, _paving)[rng.integers(4)](rng)
    bays = None
    if rng.random() < 0.4:
        colour: Colour = (206, 204, 196) if rng.random() < 0.7 else (210, 178, 60)
        lines = tuple(Line(2.6 * i, 0.1, 0.0, colour) for i in range(-3, 4))
        bays = Strip(ground, _direction(rng), 15.8, float(rng.uniform(-1, 1)), lines)
    return Place("yard", x, y, ground, bays, _outdoor_backdrop(y, rng))


_BUILDERS: dict[str, Callable[[float, float, np.random.Generator], Place]] = {
    "road": _road,
    "path": _path,
    "conveyor": _conveyor,
    "yard": _yard,
}


def _direction(rng: np.random.Generator) -> float:
    """Across the view more often than away from the camera."""
    if rng.random() < 0.6:
        return float(rng.normal(0.0, 0.3))
    return float(rng.normal(math.pi / 2, 0.35))


def _outdoor_backdrop(y: float, rng: np.random.Generator) -> Backdrop:
    depth = y * float(rng.uniform(1.7, 5.0))
    if rng.random() < 0.35:
        return Backdrop(depth, float(rng.uniform(1.0, 2.5)), _near((62, 84, 48), rng), "hedge")
    tints: tuple[Colour, ...] = ((150, 92, 72), (172, 158, 136), (128, 132, 136), (188, 184, 174))
    pattern = ("brick", "ribs", "plain")[rng.integers(3)]
    colour = _near(tints[rng.integers(4)], rng)
    return Backdrop(depth, float(rng.uniform(3.0, 9.0)), colour, pattern, _openings(rng))


def _openings(rng: np.random.Generator) -> tuple[tuple[float, float, float, float], ...]:
    """Doors and shutters that reach the ground, windows that do not; spread along the wall."""
    found, x = [], -14.0
    while x < 14.0:
        window = rng.random() < 0.6
        wide = float(rng.uniform(0.9, 1.8) if window else rng.uniform(1.0, 3.4))
        low = 1.0 if window else 0.0
        if rng.random() < 0.7:
            found.append((x, low, wide, float(rng.uniform(1.1, 1.5)) if window else 2.2))
        x += wide + float(rng.uniform(0.8, 3.0))
    return tuple(found)


def _asphalt(rng: np.random.Generator) -> Surface:
    return Surface(_near((94, 95, 98), rng), 0.12, 0.1)


def _concrete(rng: np.random.Generator) -> Surface:
    return Surface(_near((152, 149, 142), rng), 0.06, 0.1, float(rng.uniform(2.0, 4.0)))


def _paving(rng: np.random.Generator) -> Surface:
    return Surface(_near((158, 146, 132), rng), 0.07, 0.07, float(rng.uniform(0.3, 0.7)))


def _gravel(rng: np.random.Generator) -> Surface:
    return Surface(_near((142, 134, 120), rng), 0.22, 0.12)


def _grass(rng: np.random.Generator) -> Surface:
    return Surface(_near((82, 102, 56), rng), 0.2, 0.22)


def _near(colour: Colour, rng: np.random.Generator) -> Colour:
    r, g, b = (np.array(colour) * rng.uniform(0.8, 1.15) * rng.uniform(0.95, 1.05, 3)).tolist()
    return r, g, b
