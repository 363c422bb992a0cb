"""What stands upright behind a place: a wall or a hedge with its openings, and the sky above."""

import cv2
import numpy as np

from edge.cameras.simulated.camera import Camera
from edge.cameras.simulated.light import Light, rgb
from edge.cameras.simulated.places import Backdrop
from edge.cameras.simulated.texture import Floats, drift, grain, over, step


class Wall:
    """The rows above the ground, float32 [rows, W, 3], 0 to 255, once `paint` is called."""

    def __init__(
        self, camera: Camera, backdrop: Backdrop, light: Light, rng: np.random.Generator
    ) -> None:
        self.camera, self.backdrop, self.light, self.rng = camera, backdrop, light, rng
        self.scale = camera.pixels_per_metre(backdrop.depth)

    def paint(self, foot: int) -> Floats:
        camera, depth = self.camera, self.backdrop.depth
        rows = np.arange(foot, dtype=np.float32) + 0.5
        columns = np.arange(camera.width, dtype=np.float32) + 0.5
        up = camera.elevation - (rows - camera.horizon) / self.scale
        across = (columns - camera.width / 2) / self.scale
        x, z = np.meshgrid(across, up.astype(np.float32))
        wall = self._wall(x.astype(np.float32), z) * self.light.around(x, np.full_like(x, depth))
        wall *= 1 + 0.5 * rgb(self.light.sun)
        veil = self.light.veil(depth)
        wall = wall * (1 - veil) + veil * rgb(self.light.air)
        return over(self._sky(x, z), wall, self._below_top(x, z))

    def _wall(self, x: Floats, z: Floats) -> Floats:
        depth = self.backdrop.depth
        rough = 0.3 if self.backdrop.pattern == "hedge" else 0.05
        tone = 1 + rough * grain(x, z, 0.7 * depth) + 0.08 * drift(x, z, 2 * depth)
        tone = tone * (1 - 0.25 * self._pattern(x, z))
        colour: Floats = tone[:, :, None] * rgb(self.backdrop.colour)
        for opening in self.backdrop.openings:
            self._open(colour, *opening)
        return colour

    def _pattern(self, x: Floats, z: Floats) -> Floats:
        course = {"brick": 0.25, "ribs": 0.5}.get(self.backdrop.pattern, 0.0)
        if course * self.scale < 4:
            return np.zeros_like(x)
        line = 1.3 / self.scale
        across: Floats = (np.mod(x, course) < line).astype(np.float32)
        if self.backdrop.pattern == "ribs":
            return across
        brick: Floats = np.maximum(across * 0.6, np.mod(z, course / 2) < line)
        return brick

    def _open(self, colour: Floats, x: float, z: float, wide: float, high: float) -> None:
        left = int(self.camera.width / 2 + x * self.scale)
        right = int(left + wide * self.scale)
        bottom = int(self.camera.horizon + (self.camera.elevation - z) * self.scale)
        top = int(bottom - high * self.scale)
        lit = self.light.dark and z > 0 and self.rng.random() < 0.3
        tint = (230, 200, 140) if lit else (70, 78, 86) if z > 0 else (112, 110, 104)
        cv2.rectangle(colour, (left, top), (right, bottom), tint, -1)
        cv2.rectangle(colour, (left, top), (right, bottom), (188, 186, 180), max(1, right // 400))
        if z == 0.0:
            for row in range(top, bottom, max(3, int(0.25 * self.scale))):
                cv2.line(colour, (left, row), (right, row), (92, 90, 86), 1)

    def _below_top(self, x: Floats, z: Floats) -> Floats:
        top = self.backdrop.top
        if self.backdrop.pattern == "hedge":
            return step(-0.15, 0.15, top - z + 0.3 * drift(x, z, self.backdrop.depth))
        below: Floats = np.clip((top - z) * self.scale + 0.5, 0, 1)
        return below

    def _sky(self, x: Floats, z: Floats) -> Floats:
        rise = np.clip((z - self.camera.elevation) / self.backdrop.depth, 0, 1)[:, :, None]
        clouds = 0.08 * drift(x, 2 * z, 2.5 * self.backdrop.depth)[:, :, None]
        zenith = rgb((0.72, 0.82, 0.97) if self.light.sky == "clear" else (0.94, 0.95, 0.96))
        air = rgb(self.light.air)
        sky: Floats = air * (1 - rise) + air * zenith * rise
        return sky * (1 + clouds)
