"""Draws things into a picture as a camera sees them there: projected, lit, veiled by the air."""

from collections.abc import Sequence

import cv2
import numpy as np

from edge.cameras.simulated.camera import Camera
from edge.cameras.simulated.light import Colour, Light
from edge.cameras.simulated.model import Model, Pose
from edge.cameras.simulated.shot import Box, Pixels
from edge.cameras.simulated.solids import Points

_FINE = 4  # bits of sub-pixel precision
_TURNS = np.linspace(0.0, 2 * np.pi, 12, endpoint=False)
_RIM = np.stack([np.cos(_TURNS), np.sin(_TURNS)], axis=1)


class Pen:
    """Draws one thing after another into `pixels`, uint8 [H, W, 3], and knows where ink fell.

    What it draws throws shadows unless `casts` is false, as for what is drawn a second time.
    """

    def __init__(self, pixels: Pixels, camera: Camera, light: Light, *, casts: bool = True) -> None:
        self.casts = casts
        self.pixels = pixels
        self.camera = camera
        self.light = light
        self._low = np.array([np.inf, np.inf])
        self._high = -self._low

    def solid(self, thing: Model, pose: Pose) -> None:
        """Paint a model standing at `pose`."""
        seen = self.camera.project(pose.place(thing.points))
        self._inked(seen)
        corners = np.rint(seen * 2**_FINE).astype(np.int32)
        colours = self._veiled(thing.shades(pose, self.light), pose.y)
        for face in thing.faces_seen(pose, self.camera):
            outline = corners[thing.starts[face] : thing.starts[face + 1]]
            cv2.fillConvexPoly(self.pixels, outline, colours[face].tolist(), cv2.LINE_AA, _FINE)

    def blob(self, points: Points, radii: Sequence[float], colour: Colour) -> None:
        """The hull of balls around `points` [N, 3] in the world: a limb, a trunk, a bag."""
        middles = self.camera.project(points)
        depth = float(points[0, 1])
        scale = self.camera.pixels_per_metre(depth)
        reach = scale * np.asarray(radii)[:, None, None]
        rims = (middles[:, None, :] + reach * _RIM).reshape(-1, 2)
        self._inked(rims)
        hull = cv2.convexHull(np.rint(rims * 2**_FINE).astype(np.int32))
        shade = self._shade(colour, float(points[0, 0]), depth)
        cv2.fillConvexPoly(self.pixels, hull, shade, cv2.LINE_AA, _FINE)

    def stroke(self, start: Points, end: Points, metres: float, colour: Colour) -> None:
        """A thin straight line between two points of the world."""
        a, b = np.rint(self.camera.project(np.stack([start, end])) * 2**_FINE).astype(int).tolist()
        thick = max(1, round(metres * self.camera.pixels_per_metre(float(start[1]))))
        shade = self._shade(colour, float(start[0]), float(start[1]))
        cv2.line(self.pixels, a, b, shade, thick, cv2.LINE_AA, _FINE)

    def flat(self, outline: Points, colour: Colour) -> None:
        """A convex patch [N, 3] of one colour, as on the ground."""
        corners = np.rint(self.camera.project(outline) * 2**_FINE).astype(np.int32)
        shade = self._shade(colour, float(outline[0, 0]), float(outline[:, 1].mean()))
        cv2.fillConvexPoly(self.pixels, corners, shade, cv2.LINE_AA, _FINE)

    def shadow(self, outline: Points, base: Points) -> None:
        """What a body with points `outline` [N, 3], standing on `base` [M, 3], takes of the light.

        The sun throws the whole outline on the ground; lamps and a grey sky only darken its foot.
        """
        if not self.casts:
            return
        self._darken(base, 0.45, soft=0.10)
        if self.light.sunny:
            x, y, z = self.light.sun_from
            cast = outline - outline[:, 2:] * np.array([x / z, y / z, 1.0])
            self._darken(cast, 0.42, soft=0.03)

    def glow(self, at: Points, metres: float, colour: Colour) -> None:
        """The bloom of a lamp at one point [3], about `metres` across; colour 0 to 255."""
        column, row = self.camera.project(at[None])[0]
        reach = int(metres * self.camera.pixels_per_metre(float(at[1])))
        window = self._window(column - reach, row - reach, column + reach, row + reach)
        if reach < 2 or window is None:
            return
        rows, columns = window
        across = np.square((np.arange(columns.start, columns.stop) - column) / reach)
        down = np.square((np.arange(rows.start, rows.stop) - row) / reach)
        strength = np.exp(-5.0 * np.add.outer(down, across))
        bloom = np.multiply.outer(strength, np.array(colour)).astype(np.uint8)
        self.pixels[rows, columns] = cv2.add(self.pixels[rows, columns], bloom)

    def box(self) -> Box:
        """The smallest box, inside the frame, around all that was drawn with this pen."""
        size = np.array([self.camera.width, self.camera.height])
        low = np.clip(self._low / size, 0.0, 1.0)
        high = np.clip(self._high / size, 0.0, 1.0)
        width, height = (high - low).tolist()
        return Box(float(low[0]), float(low[1]), width, height)

    def _inked(self, seen: Points) -> None:
        self._low = np.minimum(self._low, seen.min(axis=0))
        self._high = np.maximum(self._high, seen.max(axis=0))

    def _shade(self, colour: Colour, x: float, y: float) -> Colour:
        red, green, blue = (
            (0.9 * lamp + 0.45 * sun) * tint
            for lamp, sun, tint in zip(self.light.at(x, y), self.light.sun, colour, strict=True)
        )
        veil, air = self.light.veil(y), self.light.air
        return (
            min(255.0, red) * (1 - veil) + veil * air[0],
            min(255.0, green) * (1 - veil) + veil * air[1],
            min(255.0, blue) * (1 - veil) + veil * air[2],
        )

    def _veiled(self, colours: Points, depth: float) -> Points:
        veil = self.light.veil(depth)
        return colours * (1 - veil) + veil * np.array(self.light.air)

    def _darken(self, ground: Points, strength: float, *, soft: float) -> None:
        hull = cv2.convexHull(self.camera.project(ground).astype(np.float32))[:, 0]
        (left, top), (right, bottom) = hull.min(axis=0), hull.max(axis=0)
        blur = max(1, int(soft * (right - left)))
        window = self._window(left - blur, top - blur, right + blur, bottom + blur)
        if window is None:
            return
        rows, columns = window
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        kept = np.full(shape, 255, dtype=np.uint8)
        corners = np.rint((hull - (columns.start, rows.start)) * 2**_FINE).astype(np.int32)
        veil = self.light.veil(float(ground[:, 1].mean()))
        cv2.fillConvexPoly(kept, corners, 255 * (1 - strength * (1 - veil)), cv2.LINE_AA, _FINE)
        kept = cv2.blur(kept, (2 * blur + 1, 2 * (blur // 2) + 1))
        part = self.pixels[rows, columns]
        self.pixels[rows, columns] = cv2.multiply(part, cv2.merge([kept] * 3), scale=1 / 255)

    def _window(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[slice, slice] | None:
        """Rows and columns of the frame inside these bounds, in pixels; None outside of it."""
        rows = slice(max(0, int(top)), min(self.camera.height, int(bottom) + 2))
        columns = slice(max(0, int(left)), min(self.camera.width, int(right) + 2))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return None
        return rows, columns
