"""Stage three: owns the producer. A frame is done when the broker has acknowledged its outcome."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from threading import BoundedSemaphore, Event, Lock

from deploy.bundle.errors import Fatal, Unavailable
from edge.assignments import Assignments
from edge.observe.logs import get_logger
from edge.observe.metrics import Metrics
from edge.outcome import Outcome
from edge.pipeline.crew import Crew
from edge.pipeline.doors import Sink
from edge.pipeline.messages import MessageWriter, too_large
from edge.record import Message, TooLarge

_log = get_logger("publish")
NAME = "publish"
_WAIT = 0.05
_QUEUED_BATCHES = 64
_MAX_UNACKNOWLEDGED = 512
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.2, 5.0


@dataclass(slots=True, eq=False)
class _Sent:
    """An outcome on its way to the broker."""

    outcome: Outcome
    message: Message
    answered: Lock = field(default_factory=Lock)
    """Taken by the first acknowledgement; that of an older producer may come as well."""


@dataclass(frozen=True, slots=True)
class _Failure:
    sent: _Sent
    error: BaseException
    alone: bool
    """Nothing else was under way, so the error can only be meant for this record."""


class PublishStage:
    """Sends outcomes in offset order within each partition, until each is acknowledged.

    kafka-python buffers without bound, so the number of unacknowledged records is bounded here.
    Its producer refuses everything after one refused record, so a failure means a new producer,
    and everything that was not acknowledged is sent again. It gives all of them the error of the
    refused one, so after a record was too large, each is sent alone to find which it was.
    """

    def __init__(
        self,
        crew: Crew,
        sink: Sink,
        writer: MessageWriter,
        assignments: Assignments,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._crew = crew
        self._sink = sink
        self._writer = writer
        self._assignments = assignments
        self._metrics = metrics
        self._clock = clock
        self._outcomes: Queue[list[Outcome]] = Queue(maxsize=_QUEUED_BATCHES)
        self._unacknowledged: dict[int, _Sent] = {}
        self._failures: deque[_Failure] = deque()
        self._answered = Event()
        self._slots = BoundedSemaphore(_MAX_UNACKNOWLEDGED)
        self._producer_number = 0
        self._backoff = 0.0
        self._finishing = False
        self._abandoned = Event()

    def put(self, outcomes: list[Outcome]) -> None:
        """Hand over a batch; waits while the broker is behind."""
        while not self._abandoned.is_set():
            try:
                self._outcomes.put(outcomes, timeout=_WAIT)
            except Full:
                continue
            return

    def offer(self, outcomes: list[Outcome]) -> bool:
        """Hand over without waiting; whether there was room."""
        try:
            self._outcomes.put_nowait(outcomes)
        except Full:
            return False
        return True

    def finish(self) -> None:
        """No more outcomes will come: `run` ends once everything is acknowledged."""
        self._finishing = True

    def abandon(self) -> None:
        """The time to finish is over: `run` ends now."""
        self._abandoned.set()

    @property
    def _idle(self) -> bool:
        return self._outcomes.empty() and not self._unacknowledged

    def run(self) -> None:
        while not (self._abandoned.is_set() or (self._finishing and self._idle)):
            self._crew.beat(NAME)
            self._recover()
            try:
                outcomes = self._outcomes.get(timeout=_WAIT)
            except Empty:
                continue
            for outcome in outcomes:
                self._decide(outcome)

    def _decide(self, outcome: Outcome) -> None:
        ledger = self._assignments.ledger_of(outcome.frame)
        if ledger is None:
            # The partition belongs to somebody else, who will look at this frame anew.
            return
        for released in ledger.decide(outcome):
            self._send(_Sent(released, self._writer.write(released)))

    def _send(self, sent: _Sent) -> None:
        while not self._slots.acquire(timeout=_WAIT):
            if self._abandoned.is_set():
                return
            self._crew.beat(NAME)
            self._recover()
        self._unacknowledged[id(sent)] = sent
        self._hand_over(sent)

    def _hand_over(self, sent: _Sent, *, alone: bool = False) -> None:
        producer = self._producer_number

        def done(error: BaseException | None) -> None:
            if error is None:
                self._acknowledged(sent)
            elif producer == self._producer_number:
                self._failures.append(_Failure(sent, error, alone))
            self._answered.set()

        try:
            self._sink.send(sent.message, done)
        except (TooLarge, Unavailable) as error:
            self._failures.append(_Failure(sent, error, alone))

    def _acknowledged(self, sent: _Sent) -> None:
        """Runs on kafka-python's thread: short, and nothing that waits."""
        if not sent.answered.acquire(blocking=False):
            return
        frame = sent.outcome.frame
        frame.stamps.acknowledged = self._clock()
        ledger = self._assignments.ledger_of(frame)
        if ledger is not None:
            ledger.acknowledge(frame.offset)
        self._metrics.note_outcome(sent.outcome)
        self._backoff = 0.0
        # Last, because `run` may end once nothing is left here, and then positions are committed.
        del self._unacknowledged[id(sent)]
        self._slots.release()

    def _recover(self) -> None:
        """Replace a failed producer and send again what it left unanswered."""
        while self._failures:
            alone = self._note_failures()
            while not self._renew():
                if self._abandoned.is_set():
                    return
            for sent in list(self._unacknowledged.values()):
                if sent.answered.locked():
                    continue
                self._hand_over(sent, alone=alone)
                if alone and not self._taken(sent):
                    break

    def _taken(self, sent: _Sent) -> bool:
        """Wait for the answer to a record that was sent alone: whether the broker has it."""
        while not (sent.answered.locked() or self._failures or self._abandoned.is_set()):
            self._crew.beat(NAME)
            self._answered.wait(_WAIT)
            self._answered.clear()
        return sent.answered.locked()

    def _renew(self) -> bool:
        """Whether there is a new producer. Each attempt is preceded by a longer pause, the first by
        none, until a record is acknowledged.
        """
        self._crew.beat(NAME)
        if self._abandoned.wait(self._backoff):
            return False
        self._backoff = min(max(2 * self._backoff, _FIRST_BACKOFF), _LONGEST_BACKOFF)
        self._producer_number += 1
        try:
            self._sink.renew()
        except Unavailable as error:
            _log.warning("no producer, trying again", error=str(error), after=self._backoff)
            return False
        return True

    def _note_failures(self) -> bool:
        """Whether one of the records was too large, which only sending each alone can tell."""
        any_too_large = False
        while self._failures:
            failure = self._failures.popleft()
            if not isinstance(failure.error, TooLarge):
                self._metrics.reconnects.labels("producer").inc()
                _log.warning(
                    "a record was not acknowledged, sending it again", error=str(failure.error)
                )
                continue
            any_too_large = True
            if failure.alone:
                self._shrink(failure.sent, str(failure.error))
        return any_too_large

    def _shrink(self, sent: _Sent, error: str) -> None:
        """Make the record of an outcome smaller: without the frame, then without its headers.

        Raises:
            Fatal: the topic takes not even that.
        """
        by_reference = sent.message.value is None
        if by_reference and sent.message.key is None:
            raise Fatal(f"{sent.message.topic} takes not even the smallest record: {error}")
        _log.warning("record too large, dead-lettered by reference", error=error)
        letter = too_large(sent.outcome, error)
        sent.outcome, sent.message = letter, self._writer.by_reference(letter, bare=by_reference)
