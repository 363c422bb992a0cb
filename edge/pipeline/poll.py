"""Stage one: owns the consumer and keeps polling, whatever the other stages do."""

from collections.abc import Callable
from threading import Lock

from deploy.bundle.errors import Unavailable
from edge.assignments import Assignments
from edge.frame import Frame, Partition
from edge.freshness import Freshness
from edge.observe.logs import get_logger
from edge.observe.metrics import Metrics
from edge.pipeline.arrival import arrive, stand_in
from edge.pipeline.crew import Crew
from edge.pipeline.doors import Source
from edge.pipeline.hands import Hands
from edge.pipeline.intake import Intake
from edge.pipeline.skips import Skips
from edge.record import Record
from edge.suspicion import Suspicion

_log = get_logger("poll")
NAME = "poll"
_POLL_SECONDS = 0.1
_PAUSED_POLL_SECONDS = 0.02
_COMMIT_INTERVAL = 0.5
_LAG_INTERVAL = 1.0
_BACKOFF = 0.5
_MAX_IN_FLIGHT = 10_000
"""Frames polled whose outcomes the broker does not all have. Most of them wait for the outcome of a
slow one, without their pictures: about a kilobyte each."""
_REVOKE_BUDGET = 3.0
"""Seconds for taken frames to finish before their partition is given back; well below the session
timeout, and what it costs at most is a repeat of the frames that were under way."""


class PollStage:
    """Records in, frames out, positions committed. `run` is the thread; it is also the group's
    rebalance listener, whose callbacks come on kafka-python's thread.
    """

    def __init__(
        self,
        crew: Crew,
        source: Source,
        intake: Intake,
        skips: Skips,
        freshness: Freshness,
        assignments: Assignments,
        hands: Hands,
        metrics: Metrics,
        clock: Callable[[], float],
        wall: Callable[[], float],
        *,
        transacting: Callable[[], bool] | None = None,
    ) -> None:
        """`transacting` says whether a transaction may be open; None commits positions here."""
        self._crew = crew
        self._source = source
        self._intake = intake
        self._skips = skips
        self._freshness = freshness
        self._assignments = assignments
        self._metrics = metrics
        self._clock = clock
        self._wall = wall
        self._hands = hands
        self._commits = transacting is None
        self._transacting = transacting or (lambda: False)
        self._commit_due = 0.0
        self._lag_due = 0.0
        self._paused = False
        # A frame is in its ledger and in the intake, or in neither, when somebody takes it back.
        self._taking_in = Lock()

    def run(self) -> None:
        while not self._crew.stopping:
            self._crew.beat(NAME)
            self._balance()
            self._poll()
            self._skip_late()
            self._skips.hand_over()
            self._commit_when_due()
            self._note_lag_when_due()
        self._skips.hand_over()

    def finish(self) -> None:
        """Commit what is finished and leave the group. Called once the other stages are done."""
        partitions = self._assignments.partitions()
        positions, left = self.positions(partitions), self.left(partitions)
        try:
            if positions or left:
                self._source.commit_now(positions, left)
                self._assignments.note_committed(positions)
        except Unavailable as error:
            _log.warning("last commit failed, these frames will come again", error=str(error))
        self._source.close()

    # What the group tells us.

    def assigned(self, partitions: tuple[Partition, ...]) -> None:
        self._assignments.assign(partitions)
        self._note_assignment("partitions assigned", partitions)

    def taken_up(self, partition: Partition, position: int, suspicion: Suspicion) -> None:
        self._assignments.take_up(partition, position, suspicion)
        if suspicion.before > position:
            _log.warning(
                "whoever had this partition died: its next frames are tried alone first",
                partition=str(partition),
                offsets=f"{position} to {suspicion.before - 1}",
                deaths=suspicion.deaths,
            )

    def cut(self, partition: Partition, end: int) -> int:
        with self._taking_in:
            self._intake.withdraw((partition,))
            return self._assignments.renew(partition, end)

    def draining(self, partitions: tuple[Partition, ...]) -> Callable[[], bool]:
        self.withdraw(partitions)
        deadline = self._clock() + _REVOKE_BUDGET
        if not self._commits:
            # The group has gone on: a transaction of who we were before is refused, and who we are
            # now is told to nobody until these partitions are given back.
            return lambda: self._transacting() and self._clock() < deadline
        return lambda: self._assignments.in_flight(partitions) > 0 and self._clock() < deadline

    def positions(self, partitions: tuple[Partition, ...]) -> dict[Partition, int]:
        """Nothing where transactions commit them."""
        return self._assignments.uncommitted(partitions) if self._commits else {}

    def left(self, partitions: tuple[Partition, ...]) -> dict[Partition, int]:
        """Positions of what is given back in order: no session is stuck on a frame of it, and no
        suspect is left.

        Nothing while a transaction may be open: it would lose against an older position that is
        committed after it began.
        """
        if self._transacting():
            return {}
        stuck = self._hands.hold(partitions, 0 if self._crew.stopping else _REVOKE_BUDGET)
        return self._assignments.cleared(set(partitions) - stuck)

    def gone(self, partitions: tuple[Partition, ...]) -> None:
        with self._taking_in:
            self._intake.withdraw(partitions)
            self._assignments.forget(partitions)
        self._source.forget(partitions)
        for partition in partitions:
            self._metrics.forget_lag(partition)
        self._note_assignment("partitions given back", partitions)

    def withdraw(self, partitions: tuple[Partition, ...]) -> None:
        """Take waiting frames back: whoever polls these partitions next gets them anew."""
        with self._taking_in:
            self._assignments.drain(partitions)
            for partition, offsets in self._intake.withdraw(partitions).items():
                self._assignments.withdraw(partition, offsets)

    def withdraw_all(self) -> None:
        """The service stops: nothing that waits is looked at any more."""
        self.withdraw(self._assignments.partitions())

    # What the loop does.

    def _balance(self) -> None:
        """Pause where the next stage is full, go on once it is half empty. Where frames give way it
        never is, but outcomes that one slow frame holds up are bounded too.
        """
        in_flight = self._assignments.in_flight(self._assignments.partitions())
        if not self._intake.has_room or in_flight >= _MAX_IN_FLIGHT:
            self._paused = True
            self._source.pause()
        elif self._paused and self._intake.half_empty and in_flight * 2 <= _MAX_IN_FLIGHT:
            self._paused = False
            self._source.resume()

    def _poll(self) -> None:
        try:
            records = self._source.poll(_PAUSED_POLL_SECONDS if self._paused else _POLL_SECONDS)
        except Unavailable as error:
            self._metrics.reconnects.labels("consumer").inc()
            _log.warning("polling failed, trying again", error=str(error))
            self._crew.wait(_BACKOFF)
            return
        if records:
            self._take_in(records)

    def _take_in(self, records: list[Record]) -> None:
        with self._taking_in:
            arrived = [frame for record in records if (frame := self._arrive(record)) is not None]
            for frame in self._intake.put(arrived):
                self._skips.add(frame, "shed")

    def _arrive(self, record: Record) -> Frame | None:
        """The frame of a record, if a session is to see it."""
        assignment = self._assignments.accepting(record.partition)
        if assignment is None:
            return None  # its partition was just given back
        polled, now = self._clock(), self._wall()
        if record.lost_from is not None:
            lost = stand_in(record, assignment, polled=polled, now=now)
            self._skips.add(lost, "aged-out", range(record.lost_from, record.offset + 1))
            return None
        frame, origin = arrive(record, assignment, polled=polled, now=now)
        self._metrics.note_origin(origin)
        late = self._freshness.verdict(frame, polled)
        if late is not None:
            self._skips.add(frame, late)
            return None
        return frame

    def _skip_late(self) -> None:
        """A frame that waits until it is too old holds up no outcome behind it any longer."""
        now, verdict = self._clock(), self._freshness.verdict
        if self._freshness.unlimited:
            return

        def leaves(frame: Frame, superseded: bool) -> bool:
            return verdict(frame, now, superseded=superseded) is not None

        for frame in self._intake.remove(leaves):
            self._skips.add(frame, verdict(frame, now) or "shed")

    def _commit_when_due(self) -> None:
        if self._clock() < self._commit_due:
            return
        self._commit_due = self._clock() + _COMMIT_INTERVAL
        positions = self.positions(self._assignments.partitions())
        if not positions:
            return

        def done(error: BaseException | None) -> None:
            if error is None:
                self._assignments.note_committed(positions)
            else:
                _log.warning("commit failed, trying again", error=repr(error))

        self._source.commit_soon(positions, done)

    def _note_lag_when_due(self) -> None:
        if self._clock() < self._lag_due:
            return
        self._lag_due = self._clock() + _LAG_INTERVAL
        for partition, lag in self._source.lag().items():
            self._metrics.note_lag(partition, lag)
        self._metrics.topic_partitions.set(self._source.partitions())

    def _note_assignment(self, what: str, partitions: tuple[Partition, ...]) -> None:
        owned = self._assignments.partitions()
        self._metrics.partitions_assigned.set(len(owned))
        _log.info(what, partitions=[str(partition) for partition in partitions], owned=len(owned))
