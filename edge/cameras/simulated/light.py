"""What lights a scene: sky, sun, lamps, and the air between."""

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Colour: TypeAlias = tuple[float, float, float]

TIMES = ("day", "dusk", "night")
SKIES = ("clear", "overcast", "rain", "fog", "snow")

_ZENITH: Colour = (0.0, 0.0, 1.0)


def rgb(colour: Colour) -> NDArray[np.float32]:
    """A colour as float32 [3], to be spread over a picture."""
    return np.array(colour, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Lamp:
    """A pool of light around ground position (x, y); `reach` in metres."""

    x: float
    y: float
    reach: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Light:
    """Strengths are factors on a surface's colour, RGB; a full day adds up to about 1.2.

    `sun_from` is a unit vector towards the sun. `haze` is what fog takes per metre, `air` the
    colour (0 to 255) it puts there instead, and the colour of the sky at the horizon.
    """

    time: str
    sky: str
    ambient: Colour
    air: Colour
    sun: Colour = (0.0, 0.0, 0.0)
    sun_from: Colour = _ZENITH
    haze: float = 0.0
    lamps: tuple[Lamp, ...] = ()
    infrared: bool = False

    @property
    def dark(self) -> bool:
        return self.time != "day"

    @property
    def sunny(self) -> bool:
        return max(self.sun) > 0.0

    def at(self, x: float, y: float) -> Colour:
        """Light without the sun at one point of the ground."""
        red, green, blue = self.ambient
        for lamp in self.lamps:
            square = (x - lamp.x) ** 2 + (y - lamp.y) ** 2
            pool = math.exp(-square / (2 * lamp.reach**2))
            red, green, blue = (
                red + pool * lamp.colour[0],
                green + pool * lamp.colour[1],
                blue + pool * lamp.colour[2],
            )
        return red, green, blue

    def around(self, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same at each (x, y), float32 [H, W] each: float32 [H, W, 3]."""
        total: NDArray[np.float32] = np.tile(rgb(self.ambient), (*x.shape, 1))
        for lamp in self.lamps:
            square = (x - lamp.x) ** 2 + (y - lamp.y) ** 2
            pool = np.exp(-square / (2 * lamp.reach**2))
            total += np.multiply.outer(pool, rgb(lamp.colour)).astype(np.float32)
        return total

    def veil(self, depth: float) -> float:
        """The share of the air's own colour in what is seen `depth` metres away, 0 to 1."""
        return 1.0 - math.exp(-self.haze * depth)


def outdoor_light(time: str, sky: str, depth: float, rng: np.random.Generator) -> Light:
    """The light of one of `TIMES` under one of `SKIES`, for a scene about `depth` metres away."""
    light = {"day": _day, "dusk": _dusk, "night": _night}[time](sky, depth, rng)
    if sky == "fog":
        return replace(light, haze=float(rng.uniform(0.25, 0.75)) / depth)
    if sky in ("rain", "snow"):
        return replace(light, haze=float(rng.uniform(0.04, 0.2)) / depth)
    return light


def indoor_light(time: str, depth: float, rng: np.random.Generator) -> Light:
    """Tubes under a roof; at night only some of them are on."""
    level = float(rng.uniform(0.7, 1.0)) if time == "day" else float(rng.uniform(0.3, 0.5))
    tint = rng.uniform(0.92, 1.06, 3)
    ambient = (level * float(tint[0]), level * float(tint[1]), level * float(tint[2]))
    lamps = _lamps(int(rng.integers(1, 3)), depth, 0.35, rng)
    return Light(time, "clear", ambient, air=(120.0, 124.0, 126.0), lamps=lamps)


def _day(sky: str, _depth: float, rng: np.random.Generator) -> Light:
    level = float(rng.uniform(0.95, 1.25))
    if sky == "clear":
        ambient = (0.52 * level, 0.56 * level, 0.64 * level)
        sun = (0.72 * level, 0.66 * level, 0.55 * level)
        return Light("day", sky, ambient, (178.0, 200.0, 224.0), sun, _sun_from(30, 62, rng))
    ambient = (0.84 * level, 0.86 * level, 0.9 * level)
    return Light("day", sky, ambient, air=(196.0, 200.0, 204.0))


def _dusk(sky: str, depth: float, rng: np.random.Generator) -> Light:
    ambient = (0.5, 0.46, 0.52)
    air = (150.0, 124.0, 118.0) if sky == "clear" else (112.0, 112.0, 122.0)
    lamps = _lamps(int(rng.integers(0, 3)), depth, 0.45, rng)
    if sky != "clear":
        return Light("dusk", sky, ambient, air, lamps=lamps)
    sun_from = _sun_from(22, 30, rng)
    return Light("dusk", sky, ambient, air, (0.42, 0.26, 0.13), sun_from, lamps=lamps)


def _night(sky: str, depth: float, rng: np.random.Generator) -> Light:
    if rng.random() < 0.3:
        beam = Lamp(0.0, depth, 0.9 * depth, (0.62, 0.62, 0.62))
        dark = (0.24, 0.24, 0.24)
        return Light("night", sky, dark, (44.0, 44.0, 44.0), lamps=(beam,), infrared=True)
    lamps = _lamps(int(rng.integers(2, 4)), depth, 0.62, rng)
    return Light("night", sky, (0.25, 0.26, 0.31), air=(40.0, 42.0, 50.0), lamps=lamps)


def _lamps(count: int, depth: float, strength: float, rng: np.random.Generator) -> tuple[Lamp, ...]:
    sodium, white = (1.0, 0.74, 0.42), (0.9, 0.96, 1.0)
    tint = sodium if rng.random() < 0.5 else white
    colour = (strength * tint[0], strength * tint[1], strength * tint[2])
    return tuple(
        Lamp(
            float(rng.uniform(-0.5, 0.5)) * depth,
            float(rng.uniform(0.75, 1.7)) * depth,
            float(rng.uniform(0.3, 0.6)) * depth,
            colour,
        )
        for _ in range(count)
    )


def _sun_from(low: float, high: float, rng: np.random.Generator) -> Colour:
    rise = math.radians(float(rng.uniform(low, high)))
    turn = float(rng.uniform(0.0, 2 * math.pi))
    return math.cos(rise) * math.cos(turn), math.cos(rise) * math.sin(turn), math.sin(rise)
