"""What the service said of the same frames, from its topics."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.manifest import Activation
from edge.audit.outcomes import DAMAGED, RecordedOutcome, belongs, parsers
from edge.audit.tally import Answer, Tally
from edge.called import called
from edge.frame import Partition, Range
from edge.kafka.reader import TopicReader
from edge.outcome import Classified, DeadLettered, Outcome, Skipped
from edge.settings.topics import TopicSettings


@dataclass(frozen=True, slots=True)
class Said:
    """An outcome in the words that two of them are compared in."""

    answer: Answer
    content: str
    """The label, all labels that are there, or the reason."""
    confidence: float = 1.0

    def __str__(self) -> str:
        if self.answer is Answer.CLASSIFIED:
            return self.content
        return f"{self.answer.name.lower().replace('_', '-')}: {self.content}"


def said_of(outcome: Outcome, activation: Activation) -> Said:
    """An outcome of the rerun, by a bundle whose probabilities are made that way."""
    match outcome:
        case Classified():
            return _classified(outcome.scores, activation)
        case Skipped():
            return Said(Answer.SKIPPED, outcome.reason)
        case DeadLettered():
            return Said(Answer.DEAD_LETTERED, outcome.reason)


def _classified(scores: Mapping[str, float], activation: Activation) -> Said:
    found = called(scores, activation)
    return Said(Answer.CLASSIFIED, found.name, found.confidence)


@dataclass(slots=True)
class Outcomes:
    """The first outcome of each offset of one partition: three bytes an offset."""

    range: Range
    tally: Tally = field(init=False)
    _confidences: NDArray[np.floating[Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.tally = Tally(self.range)
        # Half precision: three digits are what a report shows.
        self._confidences = np.zeros(max(0, self.range.end - self.range.start), np.float16)

    def note(self, offset: int, said: Said) -> None:
        """Offsets outside the range are not kept, nor is a second outcome of the same offset."""
        if self.range.start <= offset < self.range.end and not self.tally.is_answered(offset):
            self.tally.note(offset, said.answer, said.content)
            self._confidences[offset - self.range.start] = said.confidence

    def of(self, offset: int) -> Said | None:
        first = self.tally.first_of(offset)
        if first is None:
            return None
        return Said(*first, confidence=float(self._confidences[offset - self.range.start]))


def read_live(
    reader: TopicReader,
    topics: TopicSettings,
    group: str,
    asked: Mapping[Partition, Range],
    activation: Activation,
    stopped: Callable[[], bool],
) -> dict[Partition, Outcomes]:
    """What a group said of these offsets; less of it if `stopped` says so meanwhile.

    Records do not tell whether labels excluded each other: `activation` says it of all of them.

    Raises:
        Unavailable: the broker stopped answering.
    """
    live = {at: Outcomes(within) for at, within in asked.items()}
    for topic, parse in parsers(topics).items():
        for record in reader.read_all(topic):
            if stopped():
                return live
            if not belongs(record, group):
                continue
            try:
                for outcome in parse(record):
                    if outcome.partition in live:
                        live[outcome.partition].note(outcome.offset, _said(outcome, activation))
            except DAMAGED:
                continue
    return live


def _said(outcome: RecordedOutcome, activation: Activation) -> Said:
    if outcome.answer is Answer.CLASSIFIED and activation == "sigmoid":
        return _classified(outcome.scores, activation)
    return Said(outcome.answer, outcome.content, outcome.confidence)
