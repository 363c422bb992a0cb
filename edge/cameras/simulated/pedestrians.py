"""People on foot: clothes, build, gait, bags and umbrellas."""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from edge.cameras.simulated.light import Colour
from edge.cameras.simulated.model import Pose
from edge.cameras.simulated.pen import Pen
from edge.cameras.simulated.solids import Points

CLOTHES: tuple[Colour, ...] = (
    (38, 42, 56), (24, 24, 28), (70, 74, 82), (128, 132, 138), (196, 196, 192), (134, 40, 42),
    (46, 78, 132), (92, 124, 84), (170, 136, 92), (196, 120, 48), (104, 66, 112), (60, 96, 104),
    (212, 186, 84), (148, 88, 96),
)  # fmt: skip
Joint: TypeAlias = tuple[float, float, float]
_SKINS: tuple[Colour, ...] = ((224, 184, 156), (196, 148, 114), (146, 100, 72), (92, 62, 46))
_HAIRS: tuple[Colour, ...] = ((34, 26, 22), (84, 58, 38), (150, 116, 70), (120, 118, 116))
_SHOES: Colour = (32, 30, 30)
_HIGH_VISIBILITY: tuple[Colour, ...] = ((206, 226, 40), (242, 122, 28))
_STRIDE = 0.8  # a step of each leg, in heights of the person
_REFLECTOR: Colour = (226, 228, 224)


@dataclass(frozen=True, slots=True)
class Pedestrian:
    """A person `height` metres tall, walking or standing; `phase`, 0 to 1, starts the stride."""

    height: float
    build: float
    walks: bool
    phase: float
    top: Colour
    legs: Colour
    skin: Colour
    hair: Colour
    coat: bool = False
    vest: bool = False
    rucksack: Colour | None = None
    handbag: Colour | None = None
    umbrella: Colour | None = None

    @property
    def extent(self) -> Points:
        tall = 1.22 if self.umbrella else 1.0
        return np.array([0.42 * self.height, 0.3 * self.height * self.build, tall * self.height])

    def draw(self, pen: Pen, pose: Pose, time: float) -> None:  # noqa: ARG002
        gone = pose.x * math.cos(pose.heading) + pose.y * math.sin(pose.heading)
        strides = gone / (_STRIDE * self.height)  # feet do not slide: the ground drives the legs
        _Body(self, pen, pose, 2 * math.pi * (strides + self.phase)).draw()


def some_pedestrian(*, wet: bool, rng: np.random.Generator) -> Pedestrian:
    """A person of any build and dress; umbrellas come with rain."""
    child = rng.random() < 0.12
    umbrella = rng.random() < (0.35 if wet else 0.04)
    vest = rng.random() < 0.15
    return Pedestrian(
        height=float(rng.uniform(1.15, 1.45) if child else rng.uniform(1.55, 1.92)),
        build=float(rng.uniform(0.88, 1.25)),
        walks=True,
        phase=float(rng.random()),
        top=_HIGH_VISIBILITY[rng.integers(2)] if vest else _any(CLOTHES, rng),
        legs=_any(CLOTHES[:9], rng),
        skin=_any(_SKINS, rng),
        hair=_any(_HAIRS if rng.random() < 0.7 else CLOTHES, rng),
        coat=not vest and rng.random() < 0.3,
        vest=vest,
        rucksack=_any(CLOTHES, rng) if rng.random() < 0.22 else None,
        handbag=_any(CLOTHES, rng) if rng.random() < 0.22 else None,
        umbrella=_any(CLOTHES, rng) if umbrella else None,
    )


class _Body:
    """One person at one moment: joints in the person's own axes, drawn far limb first."""

    def __init__(self, who: Pedestrian, pen: Pen, pose: Pose, phase: float) -> None:
        self.who, self.pen, self.pose = who, pen, pose
        self.swing = math.sin(phase) if who.walks else 0.15
        self.bob = 0.01 * math.cos(2 * phase)
        sees_left = pose.x * -math.sin(pose.heading) + pose.y * math.cos(pose.heading) < 0.0
        self.near = 1.0 if sees_left else -1.0
        self.faces = pose.x * math.cos(pose.heading) + pose.y * math.sin(pose.heading) < 0.0

    def draw(self) -> None:
        self._shadow()
        if self.who.rucksack and self.faces:
            self._rucksack(self.who.rucksack)
        self._arm(-self.near)
        self._leg(-self.near)
        self._leg(self.near)
        self._trunk()
        self._head()
        self._arm(self.near)
        if self.who.rucksack and not self.faces:
            self._rucksack(self.who.rucksack)
        if self.who.umbrella:
            self._umbrella(self.who.umbrella)

    def _shadow(self) -> None:
        w = 0.13 * self.who.build
        outline = [(0.2, 0, 0), (-0.2, 0, 0), (0, w, 0.8), (0, -w, 0.8), (0, 0, 1.0)]
        base = [(x, y, 0.0) for x in (-0.16, 0.16) for y in (-0.12, 0.12)]
        self.pen.shadow(self._at(*outline), self._at(*base))

    def _leg(self, side: float) -> None:
        angle = 0.5 * self.swing * side
        bend = 0.35 * max(0.0, -self.swing * side) + 0.05
        hip = (0.0, 0.055 * side, 0.5 + self.bob)
        knee = _swung(hip, angle + 0.3 * bend, 0.245)
        ankle = _swung(knee, angle - bend, 0.225)
        toe = (ankle[0] + 0.075, ankle[1], max(0.015, ankle[2] - 0.02))
        build = self.who.build
        self._blob([hip, knee], (0.052 * build, 0.038 * build), self._shade_of(side, self.who.legs))
        self._blob([knee, ankle], (0.036 * build, 0.026), self._shade_of(side, self.who.legs))
        self._blob([ankle, toe], (0.026, 0.017), _SHOES)

    def _arm(self, side: float) -> None:
        build = self.who.build
        holds = self.who.umbrella is not None and side == self.near
        angle = 1.1 if holds else -0.42 * self.swing * side
        shoulder = (0.0, 0.115 * side * build, 0.80 + self.bob)
        elbow = _swung(shoulder, 0.3 if holds else angle, 0.165)
        wrist = _swung(elbow, 2.4 if holds else angle + 0.35, 0.15)
        sleeve = self._shade_of(side, self.who.top)
        self._blob([shoulder, elbow], (0.036 * build, 0.029), sleeve)
        self._blob([elbow, wrist], (0.028, 0.021), sleeve)
        self._blob([wrist], (0.024,), self.who.skin)
        if self.who.handbag and side == self.near and not holds:
            low = (wrist[0], wrist[1], wrist[2] - 0.11)
            ends = [(low[0] - 0.06, low[1], low[2]), (low[0] + 0.06, low[1], low[2])]
            self._blob([wrist, *ends], (0.008, 0.05, 0.05), self.who.handbag)

    def _trunk(self) -> None:
        build, hem = self.who.build, 0.32 if self.who.coat else 0.5
        w = 0.085 * build
        low = [(0.0, 0.7 * w, hem), (0.0, -0.7 * w, hem)]
        high = [(0.01, w, 0.77 + self.bob), (0.01, -w, 0.77 + self.bob)]
        flare = 0.062 if self.who.coat else 0.05
        self._blob([*low, *high], (flare, flare, 0.055, 0.055), self.who.top)
        if self.who.vest:
            for z in (0.58, 0.66):
                band = [(0.0, 0.75 * w, z), (0.0, -0.75 * w, z)]
                self._blob(band, (0.014, 0.014), _REFLECTOR)

    def _head(self) -> None:
        neck, crown = (0.0, 0.0, 0.85 + self.bob), (0.015, 0.0, 0.925 + self.bob)
        self._blob([neck, crown], (0.03, 0.05), self.who.skin)
        back = -0.012 if self.faces else 0.0
        self._blob([(back, 0.0, 0.955 + self.bob)], (0.045,), self.who.hair)
        if not self.faces:
            self._blob([(-0.02, 0.0, 0.925 + self.bob)], (0.05,), self.who.hair)

    def _rucksack(self, colour: Colour) -> None:
        back = -0.11
        self._blob([(back, 0.0, 0.62), (back, 0.0, 0.77)], (0.075, 0.065), colour)

    def _umbrella(self, colour: Colour) -> None:
        side = 0.1 * self.near
        grip = self._at((0.12, side, 0.86), (0.08, side, 1.16))
        self.pen.stroke(grip[0], grip[1], 0.02, (60, 60, 62))
        turns = np.linspace(0, 2 * math.pi, 10, endpoint=False)
        rim = [(0.08 + 0.3 * math.cos(a), side + 0.3 * math.sin(a), 1.06) for a in turns]
        self._blob([*rim, (0.08, side, 1.2)], [0.006] * 11, colour)

    def _shade_of(self, side: float, colour: Colour) -> Colour:
        """The limb on the far side is darker, so that the two can be told apart."""
        if side == self.near:
            return colour
        return 0.72 * colour[0], 0.72 * colour[1], 0.72 * colour[2]

    def _blob(
        self, joints: list[Joint], radii: tuple[float, ...] | list[float], colour: Colour
    ) -> None:
        metres = [r * self.who.height for r in radii]
        self.pen.blob(self._at(*joints), metres, colour)

    def _at(self, *joints: Joint) -> Points:
        """Joints, in shares of the person's height, to the world."""
        return self.pose.place(np.array(joints, dtype=np.float64) * self.who.height)


def _swung(joint: Joint, angle: float, length: float) -> Joint:
    """The end of a limb that hangs from `joint`, swung forward by `angle`."""
    x, y, z = joint
    return x + length * math.sin(angle), y, z - length * math.cos(angle)


def _any(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    r, g, b = colours[rng.integers(len(colours))]
    dim = float(rng.uniform(0.8, 1.15))
    return min(255.0, r * dim), min(255.0, g * dim), min(255.0, b * dim)
