"""One scene: a place under its light, who passes, and the camera that sees it."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from edge.cameras.simulated.camera import Camera
from edge.cameras.simulated.light import Light
from edge.cameras.simulated.model import Pose
from edge.cameras.simulated.pen import Pen
from edge.cameras.simulated.places import Place
from edge.cameras.simulated.sensor import Sensor
from edge.cameras.simulated.shot import Box, Pixels, Shot
from edge.cameras.simulated.surroundings import Standing
from edge.cameras.simulated.ways import Actor
from edge.cameras.simulated.weather import fall


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything about one event but the moment; `empty` is its picture without anybody."""

    label: str
    camera: Camera
    place: Place
    light: Light
    sensor: Sensor
    empty: Pixels
    fixtures: tuple[Standing, ...]
    cast: tuple[Actor, ...]
    belt_speed: float
    bird: Actor | None

    def deserted(self) -> "Scene":
        """The same place, with nobody there."""
        return replace(self, label="background", cast=())

    def shot(self, time: float, rng: np.random.Generator) -> Shot:
        """What the camera sees `time` seconds into the event; `rng` gives the noise."""
        pixels, boxes = self._drawn(time)
        fall(pixels, self.light, time)
        return Shot(self.sensor.expose(pixels, rng), self.label, boxes)

    def contrast(self, time: float) -> float:
        """How far the faintest of the cast stands out from what is behind it, in grey levels:
        the mean over its box.
        """
        pixels, boxes = self._drawn(time)
        return min((_difference(pixels, self.empty, box) for box in boxes), default=0.0)

    def _drawn(self, time: float) -> tuple[Pixels, tuple[Box, ...]]:
        """The picture before weather and sensor."""
        pixels = self.empty.copy()
        if self.place.moving:
            self._draw_belt(pixels, time)
        boxes = [self._draw_actor(pixels, actor, time) for actor in self._far_to_near(time)]
        self._draw_foreground(pixels, time)
        return pixels, tuple(boxes)

    def _far_to_near(self, time: float) -> list[Actor]:
        return sorted(self.cast, key=lambda actor: -actor.trip.at(time).y)

    def _draw_actor(self, pixels: Pixels, actor: Actor, time: float) -> Box:
        pen = Pen(pixels, self.camera, self.light)
        actor.thing.draw(pen, actor.trip.at(time), time)
        return pen.box()

    def _draw_foreground(self, pixels: Pixels, time: float) -> None:
        """What stands nearer than somebody, again, over them; and what flies."""
        farthest = max((actor.trip.at(time).y for actor in self.cast), default=0.0)
        pen = Pen(pixels, self.camera, self.light, casts=False)
        for fixture in self.fixtures:
            if fixture.pose.y < farthest:
                fixture.thing.draw(pen, fixture.pose, time)
        if self.bird:
            self.bird.thing.draw(pen, self.bird.trip.at(time), time)

    def _draw_belt(self, pixels: Pixels, time: float) -> None:
        """The seams of the belt, which move as it does."""
        strip = self.place.strip
        if strip is None:
            return
        pen = Pen(pixels, self.camera, self.light)
        gap, thick, half = 0.35 * self.place.y, 0.006 * self.place.y, strip.width / 2
        x = self.place.x - strip.offset * math.sin(strip.direction)
        y = self.place.y + strip.offset * math.cos(strip.direction)
        middle = Pose(x, y, strip.direction)
        for step in range(-6, 7):
            along = step * gap + math.fmod(self.belt_speed * time, gap)
            corners = [
                (along + a, b, 0.0)
                for a, b in ((0, -half), (thick, -half), (thick, half), (0, half))
            ]
            seam = middle.place(np.array(corners))
            nearest, farthest = seam[:, 1].min(), seam[:, 1].max()
            if nearest > 0.3 * self.place.y and farthest < self.place.backdrop.depth:
                pen.flat(seam, (30.0, 31.0, 33.0))


def _difference(one: Pixels, other: Pixels, box: Box) -> float:
    """The mean over the box of the largest difference in any channel."""
    channels = cv2.split(cv2.absdiff(_within(one, box), _within(other, box)))
    return float(cv2.max(cv2.max(channels[0], channels[1]), channels[2]).mean())


def _within(picture: Pixels, box: Box) -> Pixels:
    height, width = picture.shape[:2]
    top, left = int(box.y * height), int(box.x * width)
    bottom, right = int((box.y + box.height) * height), int((box.x + box.width) * width)
    return picture[top : bottom + 1, left : right + 1]
