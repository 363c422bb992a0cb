"""A thing of parts, made ready to be drawn many times: arrays instead of objects."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge.cameras.simulated.camera import Camera
from edge.cameras.simulated.light import Light
from edge.cameras.simulated.solids import Detail, Panel, Part, Points, turned


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a thing stands on the ground, metres, and which way it faces, radians from x."""

    x: float
    y: float
    heading: float = 0.0

    def place(self, points: Points) -> Points:
        """A thing's own points float64 [N, 3] in the world."""
        world: Points = points @ turned(self.heading) + np.array([self.x, self.y, 0.0])
        return world


@dataclass(frozen=True)
class Model:
    """Faces of a thing. `points` is [P, 3]; face i is points[starts[i]:starts[i + 1]].

    A face that is a detail shares `normals`, `middles`, `part_middles` and `levels` with the
    panel it lies on, so that both are hidden together and sorted together.
    """

    points: Points
    starts: tuple[int, ...]
    normals: Points
    middles: Points
    part_middles: Points
    levels: NDArray[np.int64]
    colours: Points
    glows: NDArray[np.bool_]

    @cached_property
    def extent(self) -> Points:
        """Length along x, width along y, height along z: float64 [3], metres."""
        size: Points = self.points.max(axis=0) - self.points.min(axis=0)
        return size

    def faces_seen(self, pose: Pose, camera: Camera) -> list[int]:
        """The faces turned to the camera, in the order to paint them."""
        eye = np.array([0.0, 0.0, camera.elevation])
        middles = pose.place(self.middles)
        facing = np.einsum("ij,ij->i", self.normals @ turned(pose.heading), middles - eye) < 0.0
        far = np.linalg.norm(middles - eye, axis=1)
        part_far = np.linalg.norm(pose.place(self.part_middles) - eye, axis=1)
        order = np.lexsort((np.arange(len(far)), -far, -part_far, self.levels))
        return [int(i) for i in order if facing[i]]

    def shades(self, pose: Pose, light: Light) -> Points:
        """The colour of each face as it is lit there, float64 [F, 3], 0 to 255."""
        normals = self.normals @ turned(pose.heading)
        sky = np.array(light.at(pose.x, pose.y)) * (0.7 + 0.3 * normals[:, 2:])
        sun = np.maximum(normals @ np.array(light.sun_from), 0.0)[:, None] * np.array(light.sun)
        lit = self.colours * (sky + sun)
        lit[self.glows] = self.colours[self.glows]
        shades: Points = np.clip(lit, 0.0, 255.0)
        return shades


def model(parts: Iterable[Part]) -> Model:
    pairs = [(part, panel) for part in parts for panel in part.panels]
    faces = [f for _, p in pairs for f in (Detail(p.points, p.colour), *p.details)]
    repeats = [1 + len(panel.details) for _, panel in pairs]
    ends = np.cumsum([len(face.points) for face in faces])
    return Model(
        points=np.concatenate([face.points for face in faces]),
        starts=(0, *ends.tolist()),
        normals=np.repeat(_normals([panel for _, panel in pairs]), repeats, axis=0),
        middles=np.repeat([_middle([panel]) for _, panel in pairs], repeats, axis=0),
        part_middles=np.repeat([_middle(part.panels) for part, _ in pairs], repeats, axis=0),
        levels=np.repeat([part.level for part, _ in pairs], repeats),
        colours=np.array([face.colour for face in faces], dtype=np.float64),
        glows=np.array([face.glows for face in faces]),
    )


def _normals(panels: list[Panel]) -> Points:
    corners = np.array([panel.points[:3] for panel in panels])
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 1])
    unit: Points = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return unit


def _middle(panels: Sequence[Panel]) -> Points:
    points = np.concatenate([panel.points for panel in panels])
    middle: Points = points.sum(axis=0) / len(points)
    return middle
