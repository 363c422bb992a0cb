"""What stands about a place while others pass."""

import math
from dataclasses import dataclass

import numpy as np

from edge.cameras.simulated.camera import Camera
from edge.cameras.simulated.distractors import some_fixture
from edge.cameras.simulated.model import Pose
from edge.cameras.simulated.places import Place
from edge.cameras.simulated.visibility import hidden, seen
from edge.cameras.simulated.ways import Actor, Thing


@dataclass(frozen=True, slots=True)
class Standing:
    """A thing that stays where it is."""

    thing: Thing
    pose: Pose


def some_fixtures(
    camera: Camera, place: Place, cast: list[Actor], rng: np.random.Generator
) -> list[Standing]:
    """What stands about, off the strip and off the way, hiding little of who comes along."""
    fixtures: list[Standing] = []
    for _ in range(int(rng.integers(0, 6))):
        thing = some_fixture(0.3 * place.y, rng)
        depth = place.y * float(rng.uniform(0.75, 2.6))
        half = camera.width / 2 / camera.pixels_per_metre(depth)
        pose = Pose(float(rng.uniform(-half, half)), depth, float(rng.uniform(0, 2 * math.pi)))
        if _is_free(thing, pose, camera, place, cast):
            fixtures.append(Standing(thing, pose))
    return sorted(fixtures, key=lambda standing: -standing.pose.y)


def _is_free(thing: Thing, pose: Pose, camera: Camera, place: Place, cast: list[Actor]) -> bool:
    low, high = seen(thing.extent, pose, camera)
    if float(np.prod(np.clip(high, 0, 1) - np.clip(low, 0, 1))) > 0.14 or _on_strip(pose, place):
        return False
    reach = float(thing.extent[:2].max()) / 2
    moments = [
        (a, a.trip.at(s * a.trip.seconds)) for a in cast for s in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    for actor, where in moments:
        apart = math.dist((where.x, where.y), (pose.x, pose.y))
        if apart < reach + float(actor.thing.extent[:2].max()) / 2 + 0.1:
            return False
        if pose.y < where.y and hidden(seen(actor.thing.extent, where, camera), (low, high)) > 0.15:
            return False
    return True


def _on_strip(pose: Pose, place: Place) -> bool:
    if place.strip is None or place.name == "yard":
        return False
    cos, sin = math.cos(place.direction), math.sin(place.direction)
    aside = (pose.y - place.y) * cos - (pose.x - place.x) * sin - place.strip.offset
    return abs(aside) < place.strip.width / 2 + 0.3
