"""Which frames are too late to be looked at. Pure rules: no clock of their own."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from edge.frame import Frame
from edge.outcome import SkipReason

AgeFrom: TypeAlias = Literal["record", "capture"]

_GIVES_WAY = 0.5
"""The part of its permitted age after which a frame gives way to a newer one of its camera."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old a frame may be when it is decoded."""

    max_age: float = math.inf
    """Seconds."""
    age_from: AgeFrom = "record"
    """`record` is the record's timestamp, `capture` the camera's word for it, where believed."""

    @property
    def unlimited(self) -> bool:
        """Whether no frame is ever too old."""
        return math.isinf(self.max_age)

    def age(self, frame: Frame, now: float) -> float:
        """Seconds since the frame was appended or captured; `now` is the monotonic clock."""
        stamps = frame.stamps
        return now - (stamps.captured if self.age_from == "capture" else stamps.appended)

    def verdict(self, frame: Frame, now: float, *, superseded: bool = False) -> SkipReason | None:
        """Why the frame is not looked at any more, None while it is.

        Outcomes go out in offset order, so a frame that waits holds up newer ones. Where frames may
        be shed, one that is `superseded` by a newer frame of its camera is not kept to the very
        last, and results are younger for it.
        """
        age = self.age(frame, now)
        if age > self.max_age:
            return "expired"
        return "shed" if superseded and age > _GIVES_WAY * self.max_age else None
