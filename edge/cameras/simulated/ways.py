"""Who goes where: straight ways on the ground on which a subject stays well in view."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edge.cameras.simulated.camera import Camera
from edge.cameras.simulated.model import Pose
from edge.cameras.simulated.pen import Pen
from edge.cameras.simulated.places import Place
from edge.cameras.simulated.solids import Points
from edge.cameras.simulated.visibility import hidden, in_view, seen

_SPEED = {"vehicle": 3.0, "pedestrian": 1.3, "parcel": 0.35}  # metres a second
_STAYS = {"vehicle": 0.1, "pedestrian": 0.1, "parcel": 0.0}  # how often one stands still


class Thing(Protocol):
    """What can be drawn; `extent` is length, width, height in metres, float64 [3]."""

    @property
    def extent(self) -> Points: ...

    def draw(self, pen: Pen, pose: Pose, time: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Trip:
    """A straight way on the ground, walked once in `seconds`; metres, radians."""

    start: tuple[float, float]
    end: tuple[float, float]
    heading: float
    seconds: float

    def at(self, time: float) -> Pose:
        share = min(max(time / self.seconds, 0.0), 1.0)
        x = self.start[0] + share * (self.end[0] - self.start[0])
        y = self.start[1] + share * (self.end[1] - self.start[1])
        return Pose(x, y, self.heading)

    @property
    def metres(self) -> float:
        return math.dist(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Actor:
    """A thing and the way it takes."""

    thing: Thing
    trip: Trip


def some_trip(
    label: str, thing: Thing, camera: Camera, place: Place, seconds: float,
    rng: np.random.Generator,
) -> Trip | None:  # fmt: skip
    """A way around the watched point on which the thing stays well in view; None if there is
    none, not even standing still.
    """
    stays = (label == "parcel" and not place.moving) or rng.random() < _STAYS[label]
    metres = 0.0 if stays else _SPEED[label] * seconds * float(rng.uniform(0.5, 1.2))
    for share in (1.0, 0.7, 0.7, 0.45, 0.45, 0.3, 0.3, 0.2, 0.2, 0.12, 0.12, 0.0):
        heading, course = _courses(label, place, rng)
        trip = _trip_through(place.x, place.y, heading, course, share * metres, seconds)
        if stays_in_view(thing, trip, camera):
            return trip
    return None


def companions(
    label: str, first: Actor, camera: Camera, place: Place, others: Iterable[Thing],
    rng: np.random.Generator,
) -> list[Actor]:  # fmt: skip
    """Those of `others` that can go along with the first, beside or behind it, in view; what
    lies on a belt lies there in a row.
    """
    cast = [first]
    for thing in others:
        ahead, aside = _offset(label, first.thing, thing, len(cast), rng)
        if place.moving and label == "parcel":
            turn = place.direction - first.trip.heading
            reach = math.hypot(ahead, aside)
            ahead, aside = reach * math.cos(turn), reach * math.sin(turn)
        cos, sin = math.cos(first.trip.heading), math.sin(first.trip.heading)
        shift = (ahead * cos - aside * sin, ahead * sin + aside * cos)
        trip = _shifted(first.trip, shift)
        apart = all(overlap(thing, trip, other, camera) < 0.3 for other in cast)
        if apart and stays_in_view(thing, trip, camera):
            cast.append(Actor(thing, trip))
    return cast


def stays_in_view(thing: Thing, trip: Trip, camera: Camera) -> bool:
    """Whether the thing is seen whole, neither too small nor too large, all along its way.

    The way is straight and so is its picture: both ends in view, all in view.
    """
    return all(in_view(seen(thing.extent, trip.at(t), camera)) for t in (0.0, trip.seconds))


def _courses(label: str, place: Place, rng: np.random.Generator) -> tuple[float, float]:
    """Which way the thing faces, and which way it goes."""
    along = place.direction + (math.pi if rng.random() < 0.5 else 0.0)
    anywhere = float(rng.uniform(0, 2 * math.pi))
    if label == "parcel":
        square = along + float(rng.normal(0.0, 0.3))
        return (square if place.moving else anywhere), along
    if label == "pedestrian" and not place.moving and rng.random() < 0.5:
        return anywhere, anywhere
    if place.name == "yard" and rng.random() < 0.6:
        return anywhere, anywhere
    drift = float(rng.normal(0.0, 0.06))
    return along + drift, along + drift


def _trip_through(
    x: float, y: float, heading: float, course: float, metres: float, seconds: float
) -> Trip:
    dx, dy = metres / 2 * math.cos(course), metres / 2 * math.sin(course)
    return Trip((x - dx, y - dy), (x + dx, y + dy), heading, seconds)


def _offset(
    label: str, first: Thing, other: Thing, place: int, rng: np.random.Generator
) -> tuple[float, float]:
    """How far the companion goes ahead and to the left, metres, without touching."""
    length = float(max(first.extent[:2].max(), other.extent[:2].max()))
    if label == "pedestrian":
        return float(rng.uniform(-0.8, 0.8)), (-1) ** place * float(rng.uniform(0.7, 1.4)) * place
    side = -1 if rng.random() < 0.5 else 1
    ahead = side * place * (length + float(rng.uniform(0.1, 0.5)) * length)
    return (ahead, 0.0) if rng.random() < 0.5 else (0.1 * ahead, 1.1 * ahead)


def _shifted(trip: Trip, by: tuple[float, float]) -> Trip:
    start = (trip.start[0] + by[0], trip.start[1] + by[1])
    return Trip(start, (trip.end[0] + by[0], trip.end[1] + by[1]), trip.heading, trip.seconds)


def overlap(thing: Thing, trip: Trip, other: Actor, camera: Camera) -> float:
    """The most that one of the two hides of the other when they set out and when they arrive."""
    shares = [0.0]
    for time in (0.0, trip.seconds):
        one, two = (
            seen(thing.extent, trip.at(time), camera),
            seen(other.thing.extent, other.trip.at(time), camera),
        )
        shares += [hidden(one, two), hidden(two, one)]
    return max(shares)
