"""Sets a scene.

The subject comes first and the camera is set up for it, as somebody would who mounts one: how
large it is seen and where its feet are decide how high and how far away the camera hangs. An
empty place is staged for a subject that then stays away, so that its framing gives nothing away.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from edge.cameras.simulated.camera import Camera, framing
from edge.cameras.simulated.distractors import Bird
from edge.cameras.simulated.light import SKIES, TIMES, Light, indoor_light, outdoor_light
from edge.cameras.simulated.parcels import some_parcel
from edge.cameras.simulated.pedestrians import Pedestrian, some_pedestrian
from edge.cameras.simulated.pen import Pen
from edge.cameras.simulated.places import Place, beside_the_belt, some_place
from edge.cameras.simulated.plate import plate
from edge.cameras.simulated.scene import Scene
from edge.cameras.simulated.sensor import some_sensor
from edge.cameras.simulated.surroundings import some_fixtures
from edge.cameras.simulated.vehicles import some_vehicle
from edge.cameras.simulated.ways import Actor, Thing, Trip, companions, some_trip

_HOSTS = {
    "vehicle": (("road", 0.5), ("yard", 0.35), ("path", 0.15)),
    "pedestrian": (("path", 0.35), ("road", 0.2), ("yard", 0.25), ("conveyor", 0.2)),
    "parcel": (("conveyor", 0.45), ("yard", 0.25), ("path", 0.2), ("road", 0.1)),
}
_LEAST_CONTRAST = 16.0  # grey levels, over the box of a subject
_BELT_SPEED = 0.3  # metres a second, where no parcel sets it


@dataclass(frozen=True, slots=True)
class Hour:
    """Time of day and weather, of `light.TIMES` and `light.SKIES`."""

    time: str
    sky: str


def some_hour(rng: np.random.Generator) -> Hour:
    time = TIMES[rng.choice(3, p=[0.55, 0.15, 0.3])]
    return Hour(time, SKIES[rng.choice(5, p=[0.34, 0.24, 0.18, 0.13, 0.11])])


def some_scene(
    subject: str, hour: Hour, size: tuple[int, int], seconds: float, rng: np.random.Generator
) -> Scene:
    """A scene of `seconds` with one or more of `subject` (any label but background).

    `size` is (width, height) in pixels. Where nobody could tell the subject from the dark, the
    fog or the wall behind it, its label would be a lie: such a scene is set anew.
    """
    while True:
        scene = _any_scene(subject, hour, size, seconds, rng)
        if all(scene.contrast(time) > _LEAST_CONTRAST for time in (0.0, seconds)):
            return scene


def _any_scene(
    subject: str, hour: Hour, size: tuple[int, int], seconds: float, rng: np.random.Generator
) -> Scene:
    camera, place, first = _staged(subject, hour, size, seconds, rng)
    light = _light(hour, place, rng)
    others = [
        _some_thing(subject, hour, rng) for _ in range(int(rng.choice(4, p=[0.6, 0.2, 0.12, 0.08])))
    ]
    cast = companions(subject, first, camera, place, others, rng)
    fixtures = some_fixtures(camera, place, cast, rng)
    empty = plate(camera, place, light, rng)
    pen = Pen(empty, camera, light)
    for fixture in fixtures:
        fixture.thing.draw(pen, fixture.pose, 0.0)
    return Scene(
        label=subject,
        camera=camera,
        place=place,
        light=light,
        sensor=some_sensor(*size, light, rng),
        empty=empty,
        fixtures=tuple(fixtures),
        cast=tuple(_settled(actor) for actor in cast),
        belt_speed=_belt_speed(subject, first.trip, place),
        bird=_bird(camera, place, seconds, rng),
    )


def _staged(
    subject: str, hour: Hour, size: tuple[int, int], seconds: float, rng: np.random.Generator
) -> tuple[Camera, Place, Actor]:
    shrink = 1.0
    while True:
        thing = _some_thing(subject, hour, rng)
        camera, x, y = _framed(subject, thing, size, shrink, rng)
        names, shares = zip(*_HOSTS[subject], strict=True)
        place = some_place(names[rng.choice(len(names), p=shares)], x, y, rng)
        if subject == "pedestrian":
            place = beside_the_belt(place, rng)
        trip = some_trip(subject, thing, camera, place, seconds, rng)
        if trip is not None:
            return camera, place, Actor(thing, trip)
        shrink = max(0.4, 0.93 * shrink)


def _framed(
    label: str, thing: Thing, size: tuple[int, int], shrink: float, rng: np.random.Generator
) -> tuple[Camera, float, float]:
    """A camera for this subject, and the point (x, y) on the ground that it watches.

    `shrink` below 1 shows the subject smaller, for one that is too long to fit otherwise.
    """
    length, width, tall = thing.extent.tolist()
    looks_down = label == "parcel"
    seen = max(tall, 0.45 * max(length, width)) if looks_down else tall
    share = max(0.15, shrink * float(rng.uniform(0.2, 0.55)))
    lens = float(rng.uniform(1.0, 1.7))
    horizon = float(rng.uniform(-0.6, 0.1) if looks_down else rng.uniform(-0.1, 0.3))
    foot = min(0.97, max(horizon + 0.2, share + 0.06) + float(rng.uniform(0.0, 0.5)))
    depth = seen * lens / share
    camera = framing(size, lens=lens, horizon=horizon, foot=foot, depth=depth)
    aside = float(rng.uniform(-0.36, 0.36)) * size[0] / camera.pixels_per_metre(depth)
    return camera, aside, depth


def _some_thing(subject: str, hour: Hour, rng: np.random.Generator) -> Thing:
    if subject == "vehicle":
        return some_vehicle(lit=hour.time != "day", rng=rng)
    if subject == "pedestrian":
        return some_pedestrian(wet=hour.sky == "rain", rng=rng)
    return some_parcel(rng)


def _settled(actor: Actor) -> Actor:
    """A pedestrian who goes nowhere stands."""
    if isinstance(actor.thing, Pedestrian) and actor.trip.metres == 0.0:
        return replace(actor, thing=replace(actor.thing, walks=False))
    return actor


def _light(hour: Hour, place: Place, rng: np.random.Generator) -> Light:
    if place.indoors:
        return indoor_light(hour.time, place.y, rng)
    return outdoor_light(hour.time, hour.sky, place.y, rng)


def _belt_speed(subject: str, trip: Trip, place: Place) -> float:
    """What lies on the belt goes with it, along or against the strip's direction."""
    if subject != "parcel" or trip.metres == 0.0:
        return _BELT_SPEED
    dx, dy = trip.end[0] - trip.start[0], trip.end[1] - trip.start[1]
    along = dx * math.cos(place.direction) + dy * math.sin(place.direction)
    return along / trip.seconds


def _bird(camera: Camera, place: Place, seconds: float, rng: np.random.Generator) -> Actor | None:
    """Now and then, beyond the subject, where there is room to fly."""
    if place.indoors or place.y < 5.0 or rng.random() > 0.15:
        return None
    depth = place.y * float(rng.uniform(1.1, 1.8))
    half = camera.width / 2 / camera.pixels_per_metre(depth)
    height = camera.elevation * float(rng.uniform(0.3, 0.9))
    colour = (44.0, 44.0, 48.0) if rng.random() < 0.6 else (210.0, 210.0, 208.0)
    way = ((-half, depth), (half, depth * 1.1))
    start, end = way if rng.random() < 0.5 else way[::-1]
    heading = math.atan2(end[1] - start[1], end[0] - start[0])
    return Actor(Bird(height, colour), Trip(start, end, heading, seconds))
