"""The ground of a place as a camera sees it: surfaces, strips, painted lines, puddles, snow."""

import cv2
import numpy as np

from edge.cameras.simulated.camera import Camera
from edge.cameras.simulated.light import Light, rgb
from edge.cameras.simulated.places import Line, Place, Strip, Surface
from edge.cameras.simulated.texture import Floats, drift, grain, over, step


class Ground:
    """The rows below the wall, float32 [rows, W, 3], 0 to 255, once `paint` is called."""

    def __init__(
        self, camera: Camera, place: Place, light: Light, rng: np.random.Generator
    ) -> None:
        self.camera, self.place, self.light, self.rng = camera, place, light, rng

    def paint(self, foot: int) -> Floats:
        self._lay_out(foot)
        colour = self._surface(self.place.ground)
        if self.place.strip:
            colour = self._strip(colour, self.place.strip)
        if self.light.sky == "snow":
            colour = self._snow(colour)
        lit = colour * self._light()
        if self.light.sky == "rain" or self.rng.random() < 0.15:
            lit = self._puddles(lit)
        veil = (1 - np.exp(-self.light.haze * self.depths))[:, None, None]
        veiled: Floats = lit * (1 - veil) + veil * rgb(self.light.air)
        return veiled

    def _lay_out(self, foot: int) -> None:
        """Where on the ground each pixel lies, metres from the watched point."""
        camera, place = self.camera, self.place
        rows = np.arange(foot, camera.height, dtype=np.float32) + 0.5
        columns = np.arange(camera.width, dtype=np.float32) + 0.5 - camera.width / 2
        self.depths = camera.ground_depths(rows)
        self.wide = self.depths / np.float32(camera.focal)
        self.tall = self.wide * self.depths / np.float32(camera.elevation)
        self.x = columns[None, :] * self.wide[:, None] - np.float32(place.x)
        self.y = np.broadcast_to((self.depths - np.float32(place.y))[:, None], self.x.shape).copy()
        self.near = np.minimum(1.0, place.y / self.depths)[:, None]
        shift = self.rng.uniform(0.0, 50.0, 2).astype(np.float32)
        fine, rough = place.y * 0.9, place.y * 1.6
        self.specks = grain(self.x + shift[0], self.y + shift[1], fine) * self.near
        x, y = self.x[::2, ::2] + shift[1], self.y[::2, ::2] + shift[0]
        self.stains: Floats = cv2.resize(drift(x, y, rough), self.x.shape[::-1])

    def _surface(self, surface: Surface) -> Floats:
        tone = 1 + surface.speckle * self.specks + surface.stains * self.stains
        if surface.joint:
            tone = tone * (1 - 0.22 * self._joints(surface.joint))
        coloured: Floats = tone[:, :, None] * rgb(surface.colour)
        return coloured

    def _joints(self, side: float) -> Floats:
        across = np.abs(np.mod(self.x, side) - side / 2)
        along = np.abs(np.mod(self.y, side) - side / 2)
        wide = np.maximum(0.012, self.wide)[:, None]
        tall = np.maximum(0.012, self.tall)[:, None]
        fade = np.clip(1.5 - 4 * np.maximum(wide, tall) / side, 0, 1)
        lines: Floats = np.maximum(across < wide, along < tall) * fade
        return lines

    def _strip(self, colour: Floats, strip: Strip) -> Floats:
        cos, sin = np.float32(np.cos(strip.direction)), np.float32(np.sin(strip.direction))
        self.along = self.x * cos + self.y * sin
        self.aside = self.y * cos - self.x * sin - np.float32(strip.offset)
        self.edge = (self.wide * abs(sin) + self.tall * abs(cos))[:, None] + np.float32(1e-4)
        if strip.kerb:
            kerb = self._within(self.aside, strip.width / 2 + strip.kerb)
            colour = over(colour, rgb((168, 166, 160)) * (1 + 0.1 * self.specks)[..., None], kerb)
        colour = over(
            colour, self._surface(strip.surface), self._within(self.aside, strip.width / 2)
        )
        for line in strip.lines:
            colour = self._line(colour, line)
        return colour

    def _line(self, colour: Floats, line: Line) -> Floats:
        shown = self._within(self.aside - line.offset, line.width / 2)
        if line.dash:
            shown = shown * (np.mod(self.along, 2 * line.dash) < line.dash)
        drawn = shown > 0.0
        worn = np.clip(0.85 - 0.2 * self.stains[drawn], 0, 1) * shown[drawn]
        colour[drawn] += worn[:, None] * (rgb(line.colour) - colour[drawn])
        return colour

    def _within(self, aside: Floats, half: float) -> Floats:
        """How much of each pixel lies within `half` metres of the line: 0 to 1."""
        share: Floats = np.clip((half - np.abs(aside)) / self.edge + 0.5, 0, 1)
        return share

    def _snow(self, colour: Floats) -> Floats:
        cover = step(-0.8, 0.7, self.stains + 0.3 * self.specks + self.rng.uniform(-0.8, 1.2))
        return over(colour, rgb((226, 230, 236)), 0.9 * cover)

    def _light(self) -> Floats:
        x: Floats = np.asarray(self.x[::4, ::4] + self.place.x, np.float32)
        y: Floats = np.asarray(self.y[::4, ::4] + self.place.y, np.float32)
        light: Floats = cv2.resize(self.light.around(x, y), self.x.shape[::-1])
        if not self.light.sunny:
            return light
        sun = rgb(self.light.sun) * self.light.sun_from[2]
        return light + sun * (1 - self._shade())[:, :, None]

    def _shade(self) -> Floats:
        """The shadow of a roof's edge, of a tree's crown, or of nothing."""
        kind, cut = self.rng.integers(3), self.place.y * float(self.rng.uniform(-0.5, 0.8))
        turn = float(self.rng.uniform(0, 2 * np.pi))
        across, down = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        side: Floats = np.asarray(self.x * across + self.y * down - cut, np.float32)
        if kind == 0:
            return step(0.0, 0.03 * self.place.y, side)
        if kind == 1:
            return step(0.2, 0.5, self.stains) * step(0.0, 0.5 * self.place.y, side)
        return np.zeros_like(side)

    def _puddles(self, lit: Floats) -> Floats:
        wet = step(0.9, 1.1, self.stains + 0.05 * self.specks)
        sheen = (
            rgb(self.light.air) * np.linspace(0.75, 0.5, len(lit), dtype=np.float32)[:, None, None]
        )
        return over(lit * np.float32(0.86), sheen, 0.65 * wet)
