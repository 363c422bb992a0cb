"""Stage three: owns the producer. A frame is done when the broker has acknowledged its outcome."""

from collections import deque
from dataclasses import dataclass
from threading import BoundedSemaphore, Event

from deploy.bundle.errors import Unavailable
from edge.observe.logs import get_logger
from edge.observe.metrics import Metrics
from edge.pipeline.crew import Crew
from edge.pipeline.doors import Sink
from edge.pipeline.outlet import Outlet
from edge.pipeline.release import Release, Sent
from edge.record import TooLarge

_log = get_logger("publish")
NAME = "publish"
_WAIT = 0.05
_MAX_UNACKNOWLEDGED = 512
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class _Failure:
    sent: Sent
    error: BaseException
    alone: bool
    """Nothing else was under way, so the error can only be meant for this record."""


class PublishStage(Outlet):
    """Sends outcomes in offset order within each partition, until each is acknowledged.

    kafka-python buffers without bound, so the number of unacknowledged records is bounded here.
    Its producer refuses everything after one refused record, so a failure means a new producer,
    and everything that was not acknowledged is sent again. It gives all of them the error of the
    refused one, so after a record was too large, each is sent alone to find which it was.
    """

    def __init__(self, crew: Crew, sink: Sink, release: Release, metrics: Metrics) -> None:
        super().__init__()
        self._crew = crew
        self._sink = sink
        self._release = release
        self._metrics = metrics
        self._unacknowledged: dict[int, Sent] = {}
        self._failures: deque[_Failure] = deque()
        self._answered = Event()
        self._slots = BoundedSemaphore(_MAX_UNACKNOWLEDGED)
        self._producer_number = 0
        self._backoff = 0.0

    @property
    def _idle(self) -> bool:
        return super()._idle and not self._unacknowledged

    def _publish(self) -> None:
        while not self._over:
            self._crew.beat(NAME)
            self._recover()
            for outcome in self._next():
                for sent in self._release.decide(outcome):
                    self._send(sent)

    def _send(self, sent: Sent) -> None:
        while not self._slots.acquire(timeout=_WAIT):
            if self._abandoned.is_set():
                return
            self._crew.beat(NAME)
            self._recover()
        self._unacknowledged[id(sent)] = sent
        self._hand_over(sent)

    def _hand_over(self, sent: Sent, *, alone: bool = False) -> None:
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

    def _acknowledged(self, sent: Sent) -> None:
        """Runs on kafka-python's thread: short, and nothing that waits."""
        if not sent.answered.acquire(blocking=False):
            return
        self._release.acknowledge(sent)
        self._backoff = 0.0
        # Last, because `run` may end once nothing is left here, and then positions are committed.
        del self._unacknowledged[id(sent)]
        self._slots.release()
        # Whatever a tracer may raise, the frame is done.
        self._release.trace(sent.outcome)

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

    def _taken(self, sent: Sent) -> bool:
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
                self._release.shrink(failure.sent, str(failure.error))
        return any_too_large
