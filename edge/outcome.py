"""The outcomes that a frame can end in. A new one is a case that the type checker asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from edge.frame import Frame


@dataclass(frozen=True, slots=True)
class Classified:
    """The network's answer: probabilities by label, highest first."""

    frame: Frame
    scores: Mapping[str, float]

    @property
    def label(self) -> str:
        return next(iter(self.scores))


@dataclass(frozen=True, slots=True)
class DeadLettered:
    """The frame can never be classified; `reason` is one stable word, `error` a sentence."""

    frame: Frame
    reason: str
    error: str


Outcome: TypeAlias = Classified | DeadLettered


def outcome_name(outcome: Outcome) -> str:
    """The word that metrics and the audit use for it."""
    match outcome:
        case Classified():
            return "classified"
        case DeadLettered():
            return "dead-lettered"
