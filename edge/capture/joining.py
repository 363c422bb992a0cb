"""Frames and what was said of them come from two topics; here they meet."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from edge.record import Record
from edge.wire import Classification

_Place: TypeAlias = tuple[int, int]
_MOST_SAID = 100_000


@dataclass(frozen=True, slots=True)
class Pair:
    """A frame, and what the service said of it if it said anything in time."""

    record: Record
    said: Classification | None


@dataclass(slots=True)
class Joining:
    """Either may come first. What waits is bounded; a frame that waits too long goes alone."""

    patience: float
    """Seconds."""
    most_bytes: int = 64 << 20
    _frames: OrderedDict[_Place, tuple[float, Record]] = field(default_factory=OrderedDict)
    _said: OrderedDict[_Place, Classification] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def frame(self, record: Record, now: float) -> Iterator[Pair]:
        """A frame came, at monotonic time `now`."""
        place = (record.partition.number, record.offset)
        said = self._said.pop(place, None)
        if said is not None:
            yield Pair(record, said)
            return
        self._frames[place] = (now, record)
        self._bytes += len(record.value or b"")
        while self._bytes > self.most_bytes:
            yield self._give_up()

    def classification(self, said: Classification) -> Iterator[Pair]:
        """Something was said, of a frame that came or is still to come."""
        place = (said.frame.partition, said.frame.offset)
        if place in self._frames:
            yield Pair(self._take(place), said)
            return
        self._said[place] = said
        if len(self._said) > _MOST_SAID:
            self._said.popitem(last=False)

    def overdue(self, now: float) -> Iterator[Pair]:
        """Frames of which nothing was said in time."""
        while self._frames and now - next(iter(self._frames.values()))[0] > self.patience:
            yield self._give_up()

    def _give_up(self) -> Pair:
        return Pair(self._take(next(iter(self._frames))), None)

    def _take(self, place: _Place) -> Record:
        _, record = self._frames.pop(place)
        self._bytes -= len(record.value or b"")
        return record
