"""Stage three under exactly-once: outcomes and offsets are one transaction, again and again.

While one is committed, inference goes on and the next one gathers. A transaction that was aborted
is made anew from the same outcomes, but for those whose partition was given back meanwhile:
whoever owns it now looks at these frames from the last committed offset on.
"""

from collections.abc import Callable
from typing import TypeAlias

from edge.frame import Partition
from edge.observe.logs import get_logger
from edge.observe.metrics import Metrics
from edge.pipeline.crew import Crew
from edge.pipeline.doors import Membership, TransactionalSink
from edge.pipeline.outlet import Outlet
from edge.pipeline.publish import NAME
from edge.pipeline.release import Release, Sent
from edge.record import Aborted, TooLarge

_log = get_logger("transact")
_WAIT = 0.05
_MOST_RECORDS = 512
"""What one transaction holds at most, which bounds what kafka-python buffers."""
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.05, 2.0

Batch: TypeAlias = list[Sent]


class Abandoned(Exception):  # noqa: N818 - a fact, not a fault
    """The time to finish is over."""


class TransactStage(Outlet):
    """Commits what is released, at most once in `interval` seconds."""

    def __init__(
        self,
        crew: Crew,
        sink: TransactionalSink,
        release: Release,
        metrics: Metrics,
        membership: Callable[[], Membership | None],
        *,
        interval: float,
        clock: Callable[[], float],
    ) -> None:
        super().__init__()
        self._crew = crew
        self._sink = sink
        self._release = release
        self._metrics = metrics
        self._membership = membership
        self._interval = interval
        self._clock = clock
        self._due = 0.0
        self._unsettled = False

    @property
    def transacting(self) -> bool:
        """Whether a transaction is open, or nobody knows how one ended."""
        return self._unsettled

    def _publish(self) -> None:
        try:
            while not self._over:
                self._crew.beat(NAME)
                self._commit(self._gather())
        except Abandoned:
            return

    def _gather(self) -> Batch:
        """What is released until the next transaction is due; empty if nothing comes."""
        batch: Batch = []
        while len(batch) < _MOST_RECORDS:
            left = self._due - self._clock()
            outcomes = self._next(min(_WAIT, left) if batch else _WAIT)
            for outcome in outcomes:
                batch += self._release.decide(outcome)
            if not outcomes and (not batch or left <= 0):
                break
        self._due = self._clock() + self._interval
        return batch

    def _commit(self, batch: Batch) -> None:
        """Commit all of a batch that is still ours, however often it takes."""
        backoff = _FIRST_BACKOFF
        while batch := self._ours(batch):
            self._unsettled = True
            try:
                self._transact(batch)
            except Aborted as error:
                self._note_aborted(error)
                self._pause(backoff)
                backoff = min(2 * backoff, _LONGEST_BACKOFF)
            except TooLarge as error:
                self._note_aborted(error)
                return self._commit_one_by_one(batch, error)
            else:
                return self._note_committed(batch)
        return None

    def _transact(self, batch: Batch) -> None:
        # The membership first: one that is older than what we find ours is refused by the broker.
        membership = self._membership()
        if membership is None:
            raise Aborted("this member is not in its group now")
        if not all(map(self._release.is_ours, batch)):
            raise Aborted("a partition was given back")
        messages = [sent.message for sent in batch]
        self._sink.transact(messages, _positions(batch), membership, self._still)

    def _commit_one_by_one(self, batch: Batch, error: TooLarge) -> None:
        """One record is too large for its topic, and only alone can it be told which."""
        if len(batch) == 1:
            self._release.shrink(batch[0], str(error))
            return self._commit(batch)
        for sent in batch:
            self._commit([sent])
        return None

    def _ours(self, batch: Batch) -> Batch:
        """Those whose partition was not given back."""
        return [sent for sent in batch if self._release.is_ours(sent)]

    def _note_committed(self, batch: Batch) -> None:
        for sent in batch:
            self._release.acknowledge(sent)
        self._unsettled = False
        self._metrics.transactions.labels("committed").inc()
        for sent in batch:
            self._release.trace(sent.outcome)

    def _note_aborted(self, error: Exception) -> None:
        self._unsettled = False
        self._metrics.transactions.labels("aborted").inc()
        _log.warning("transaction aborted, its outcomes go into the next one", error=str(error))

    def _pause(self, seconds: float) -> None:
        if self._abandoned.wait(seconds):
            raise Abandoned

    def _still(self) -> None:
        """Called again and again while the broker is waited for."""
        self._crew.beat(NAME)
        if self._abandoned.is_set():
            raise Abandoned


def _positions(batch: Batch) -> dict[Partition, int]:
    """Outcomes are released in offset order, so the last of a partition ends its prefix."""
    return {sent.outcome.frame.partition: sent.outcome.frame.offset + 1 for sent in batch}
