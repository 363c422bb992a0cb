"""The outcomes that one piece of the outcome topics tells of, small enough to hand over."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from edge.audit.outcomes import DAMAGED, Parser, RecordedOutcome, belongs
from edge.audit.tally import Outcome, Tally
from edge.frame import Partition, Range
from edge.record import Record

Piece: TypeAlias = Mapping[Partition, Range]
"""Offsets of one topic of outcomes."""


@dataclass(slots=True)
class Noted:
    """Outcomes of frames of one partition, in the order in which they were read."""

    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    outcomes: "array[int]" = field(default_factory=lambda: array("l"))
    """Of each offset, as its place among the outcomes that were heard."""


@dataclass(slots=True)
class Heard:
    """What a piece holds of one group."""

    oldest: dict[Partition, float] = field(default_factory=dict)
    """Unix seconds of the first record of each partition that could be read."""
    unreadable: bool = False
    """Whether there were records that no reader can unpack."""
    damaged: int = 0
    """Records that could not be read as outcomes, or name an offset that no topic can have."""
    _noted: dict[Partition, Noted] = field(default_factory=dict)
    """By the partition that the frames lie in."""
    _places: dict[Outcome, int] = field(default_factory=dict)
    """Each outcome once, and its place."""

    def listen(self, records: Iterable[Record], parse: Parser, group: str) -> None:
        """Hear all that these records say of the group's frames."""
        for record in records:
            if record.corrupt is None:
                self.oldest.setdefault(record.partition, record.timestamp)
            else:
                self.unreadable = True
            if not belongs(record, group):
                continue
            try:
                for outcome in parse(record):
                    self._note(outcome)
            except (*DAMAGED, OverflowError):
                self.damaged += 1

    def tell(self, tallies: Mapping[Partition, Tally]) -> None:
        """Note it in the tallies of the partitions that are counted."""
        outcomes = list(self._places)
        for at, noted in self._noted.items():
            if (tally := tallies.get(at)) is not None:
                tally.note_all(noted.offsets, noted.outcomes, outcomes)

    def _note(self, outcome: RecordedOutcome) -> None:
        noted = self._noted.get(outcome.partition)
        if noted is None:
            noted = self._noted[outcome.partition] = Noted()
        said = outcome.answer, outcome.content
        noted.offsets.append(outcome.offset)
        noted.outcomes.append(self._places.setdefault(said, len(self._places)))
