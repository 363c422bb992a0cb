"""The outcomes that a frame can end in. A new one is a case that the type checker asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from edge.frame import Frame, Partition

ENGINE_FAILED = "engine-failed"
"""Reason of a dead letter that the engine could not bear, even alone."""

SkipReason: TypeAlias = Literal["expired", "shed", "gated", "aged-out"]


@dataclass(frozen=True, slots=True)
class Classified:
    """The network's answer: probabilities by label, highest first."""

    frame: Frame
    scores: Mapping[str, float]
    engine: str = ""
    """Digest of the engine that gave it; empty where there is only one."""

    @property
    def label(self) -> str:
        return next(iter(self.scores))


@dataclass(frozen=True, slots=True)
class DeadLettered:
    """The frame can never be classified; `reason` is one stable word, `error` a sentence."""

    frame: Frame
    reason: str
    error: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was last seen by a camera: a classification without its picture."""

    label: str
    confidence: float
    id: str
    partition: Partition
    offset: int
    captured_at: float
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """The frame was not classified on purpose."""

    frame: Frame
    reason: SkipReason
    same_as: Sighting | None = None
    """What a gated frame does not differ from."""
    range: Sequence[int] = ()
    """Every offset that this is the outcome of, where `frame` stands for the last of many."""

    @property
    def offsets(self) -> Sequence[int]:
        return self.range or (self.frame.offset,)


Outcome: TypeAlias = Classified | Skipped | DeadLettered


def outcome_name(outcome: Outcome) -> str:
    """The word that metrics and the audit use for it."""
    match outcome:
        case Classified():
            return "classified"
        case Skipped():
            return "skipped"
        case DeadLettered():
            return "dead-lettered"
