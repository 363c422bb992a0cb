"""Outcomes become records in offset order, and what the broker has of them is noted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from deploy.bundle.errors import Fatal
from edge.assignments import Assignments
from edge.observe.logs import get_logger
from edge.observe.metrics import Metrics
from edge.outcome import Outcome
from edge.pipeline.messages import MessageWriter, too_large
from edge.record import Message

_log = get_logger("publish")


@dataclass(slots=True, eq=False)
class Sent:
    """An outcome on its way to the broker."""

    outcome: Outcome
    message: Message
    bare: bool = False
    """Nothing more can be left out of it."""
    answered: Lock = field(default_factory=Lock)
    """Taken by the first acknowledgement; that of an older producer may come as well."""


@dataclass(frozen=True, slots=True)
class Release:
    """What every way of publishing has in common: the ledgers decide what goes out, and when."""

    writer: MessageWriter
    assignments: Assignments
    metrics: Metrics
    clock: Callable[[], float]
    trace: Callable[[Outcome], None] = lambda _: None
    """Is told of each outcome once it is done; whatever it may raise, the frame is."""

    def decide(self, outcome: Outcome) -> list[Sent]:
        """The records that may go out now that this outcome is known."""
        ledger = self.assignments.ledger_of(outcome.frame)
        if ledger is None:
            # The partition belongs to somebody else, who will look at this frame anew.
            return []
        return [Sent(out, self.writer.write(out)) for out in ledger.decide(outcome)]

    def is_ours(self, sent: Sent) -> bool:
        """Whether its partition was not given back meanwhile."""
        return self.assignments.ledger_of(sent.outcome.frame) is not None

    def acknowledge(self, sent: Sent) -> None:
        """The broker has it. May run on kafka-python's thread: short, and nothing that waits."""
        frame = sent.outcome.frame
        frame.stamps.acknowledged = self.clock()
        ledger = self.assignments.ledger_of(frame)
        if ledger is not None:
            ledger.acknowledge(frame.offset)
        self.metrics.note_outcome(sent.outcome)

    def shrink(self, sent: Sent, error: str) -> None:
        """Make the record of an outcome smaller: without the frame, then without its headers.

        Raises:
            Fatal: the topic takes not even that.
        """
        by_reference = sent.message.value is None
        if sent.bare:
            raise Fatal(f"{sent.message.topic} takes not even the smallest record: {error}")
        _log.warning("record too large, dead-lettered by reference", error=error)
        letter = too_large(sent.outcome, error)
        sent.outcome, sent.bare = letter, by_reference
        sent.message = self.writer.by_reference(letter, bare=by_reference)
