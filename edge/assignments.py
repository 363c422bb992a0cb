"""The ledgers of the partitions that this member owns now."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock

from edge.frame import Frame, Partition
from edge.ledger import Ledger
from edge.suspicion import Suspicion


@dataclass(slots=True)
class Assignment:
    """One stretch of owning a partition; the next one starts with a new ledger."""

    number: int
    ledger: Ledger = field(default_factory=Ledger)
    start: int | None = None
    """The position that it was taken up at, once our note stands there."""
    suspicion: Suspicion = field(default_factory=Suspicion)
    committed: int | None = None
    draining: bool = False
    """It is about to be given back: nothing new is taken in."""


@dataclass(slots=True)
class Assignments:
    """Shared by the three stages: polling assigns, publishing acknowledges."""

    _owned: dict[Partition, Assignment] = field(default_factory=dict)
    _count: int = 0
    _lock: Lock = field(default_factory=Lock)

    def assign(self, partitions: Iterable[Partition]) -> None:
        with self._lock:
            for partition in partitions:
                self._count += 1
                self._owned[partition] = Assignment(self._count)

    def take_up(self, partition: Partition, position: int, suspicion: Suspicion) -> None:
        """Its frames come from now on, and the note that we work on it stands beside `position`."""
        if (assignment := self._owned.get(partition)) is not None:
            assignment.start, assignment.suspicion = position, suspicion

    def renew(self, partition: Partition, end: int) -> int:
        """Its log ends at an offset that we were beyond: what is under way of it has no say any
        more, and its frames come from the returned position on.
        """
        with self._lock:
            before = self._owned.get(partition)
            if before is None:
                return end
            reached = before.start if before.ledger.position is None else before.ledger.position
            start = end if reached is None else min(end, reached)
            self._count += 1
            self._owned[partition] = Assignment(self._count, start=start, draining=before.draining)
            return start

    def forget(self, partitions: Iterable[Partition]) -> None:
        """They belong to somebody else now: what is still under way here has no say any more."""
        with self._lock:
            for partition in partitions:
                self._owned.pop(partition, None)

    def drain(self, partitions: Iterable[Partition]) -> None:
        """They are about to be given back."""
        for partition in partitions:
            if (assignment := self._owned.get(partition)) is not None:
                assignment.draining = True

    def accepting(self, partition: Partition) -> Assignment | None:
        """The assignment that a newly polled frame belongs to, None if it is not ours any more."""
        assignment = self._owned.get(partition)
        return None if assignment is None or assignment.draining else assignment

    def withdraw(self, partition: Partition, offsets: list[int]) -> None:
        """Forget frames that nobody has looked at; they will be polled again."""
        if (assignment := self._owned.get(partition)) is not None:
            assignment.ledger.withdraw(offsets)

    def in_flight(self, partitions: Iterable[Partition]) -> int:
        """Frames of these partitions that were delivered and whose outcome is not yet part of what
        the broker has.
        """
        owned = (self._owned.get(partition) for partition in partitions)
        return sum(assignment.ledger.in_flight for assignment in owned if assignment is not None)

    def ledger_of(self, frame: Frame) -> Ledger | None:
        """The ledger that the frame was delivered to, None if its partition was given back."""
        assignment = self._owned.get(frame.partition)
        if assignment is None or assignment.number != frame.assignment:
            return None
        return assignment.ledger

    def partitions(self) -> tuple[Partition, ...]:
        return tuple(self._owned)

    def uncommitted(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Positions that moved since they were last committed."""
        moved = {}
        for partition in partitions:
            assignment = self._owned.get(partition)
            if assignment is None or assignment.ledger.position is None:
                continue
            if assignment.ledger.position != assignment.committed:
                moved[partition] = assignment.ledger.position
        return moved

    def cleared(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The positions, moved or not, of those whose note may be taken back: they were taken up,
        and no suspects are left. Where there are, whoever has the partition next inherits them.
        """
        cleared = {}
        for partition in partitions:
            assignment = self._owned.get(partition)
            if assignment is None or assignment.start is None:
                continue
            moved = assignment.ledger.position
            position = assignment.start if moved is None else moved
            if position >= assignment.suspicion.before:
                cleared[partition] = position
        return cleared

    def note_committed(self, positions: dict[Partition, int]) -> None:
        with self._lock:
            for partition, position in positions.items():
                assignment = self._owned.get(partition)
                if assignment is not None:
                    assignment.committed = max(position, assignment.committed or 0)
