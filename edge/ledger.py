"""What became of each delivered frame of one partition, and how far its offset may be committed.

Pure rules: no driver, no clock. Offsets have gaps (control records, compaction), so the ledger
keeps the frames in the order of delivery and never counts offsets.
"""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from threading import Lock

from edge.outcome import Outcome


@dataclass(slots=True)
class _Entry:
    offset: int
    outcome: Outcome | None = None
    released: bool = False
    acknowledged: bool = False


@dataclass(slots=True)
class Ledger:
    """One partition during one assignment.

    A frame is `deliver`ed in offset order, then its outcome is `decide`d in any order, which
    releases outcomes in delivery order; each is `acknowledge`d once the broker has it. `position`
    is the offset after the acknowledged prefix: what may be committed.
    """

    position: int | None = None
    _entries: deque[_Entry] = field(default_factory=deque)
    _by_offset: dict[int, _Entry] = field(default_factory=dict)
    _unreleased: deque[_Entry] = field(default_factory=deque)
    _disowned: set[int] = field(default_factory=set)
    """Offsets that were taken back though somebody looks at them."""
    _lock: Lock = field(default_factory=Lock)

    def deliver(self, offset: int) -> None:
        """A frame was polled.

        Raises:
            ValueError: not above every offset delivered before.
        """
        with self._lock:
            if self._entries and offset <= self._entries[-1].offset:
                raise ValueError(f"offset {offset} came after {self._entries[-1].offset}")
            if self.position is not None and offset < self.position:
                raise ValueError(f"offset {offset} came after position {self.position}")
            entry = _Entry(offset)
            self._entries.append(entry)
            self._unreleased.append(entry)
            self._by_offset[offset] = entry

    def decide(self, outcome: Outcome) -> tuple[Outcome, ...]:
        """A frame's outcome is known: the outcomes that may go out now, in offset order. None does
        for a frame that was taken back meanwhile.

        Raises:
            KeyError: the frame was not delivered, or is finished already.
            ValueError: its outcome was decided before.
        """
        with self._lock:
            offset = outcome.frame.offset
            if offset in self._disowned:
                self._disowned.remove(offset)
                return ()
            entry = self._by_offset[offset]
            if entry.outcome is not None:
                raise ValueError(f"offset {offset} was decided before")
            entry.outcome = outcome
            return tuple(self._release())

    def acknowledge(self, offset: int) -> None:
        """The broker has this frame's outcome.

        Raises:
            KeyError: the frame was not delivered, or was acknowledged and passed already.
            ValueError: its outcome was never released.
        """
        with self._lock:
            entry = self._by_offset[offset]
            if not entry.released:
                raise ValueError(f"offset {offset} was acknowledged before its outcome went out")
            entry.acknowledged = True
            while self._entries and self._entries[0].acknowledged:
                done = self._entries.popleft()
                del self._by_offset[done.offset]
                self.position = done.offset + 1

    def withdraw(self, offsets: Collection[int]) -> None:
        """Take back frames that nobody has looked at, and with them all that came after the first:
        whoever polls next gets them anew.

        Where cameras take turns, some of those after it may have been looked at. None of their
        outcomes has gone out, since outcomes go out in order.

        Raises:
            ValueError: one was not delivered, or its outcome is known already.
        """
        with self._lock:
            for offset in offsets:
                entry = self._by_offset.get(offset)
                if entry is None or entry.outcome is not None:
                    raise ValueError(f"offset {offset} is not an undecided one")
            unseen = set(offsets)
            first = min(unseen, default=None)
            while first is not None and self._entries and self._entries[-1].offset >= first:
                self._take_back(unseen)

    @property
    def in_flight(self) -> int:
        """Frames delivered and not yet part of the acknowledged prefix."""
        return len(self._entries)

    def _release(self) -> Iterator[Outcome]:
        while self._unreleased and self._unreleased[0].outcome is not None:
            entry = self._unreleased.popleft()
            entry.released = True
            if entry.outcome is not None:
                yield entry.outcome

    def _take_back(self, unseen: Collection[int]) -> None:
        entry = self._entries.pop()
        self._unreleased.pop()
        del self._by_offset[entry.offset]
        if entry.outcome is None and entry.offset not in unseen:
            self._disowned.add(entry.offset)
