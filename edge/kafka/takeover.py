"""Taking up a partition: what its last owner left beside the position, and our own note there.

Until the note is written nothing of the partition is fetched, so no frame can kill a member that
has left no trace of having had it.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.structs import OffsetAndMetadata

from edge.frame import Partition
from edge.kafka.unpack import place_of
from edge.observe.logs import get_logger
from edge.suspicion import Suspicion, inherit, is_of_the_dead, working

_log = get_logger("consumer")
_ANSWER_MS = 1_000
_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class TakenUp:
    """A partition as we found it."""

    partition: Partition
    position: int
    suspicion: Suspicion


@dataclass(slots=True)
class Takeover:
    """The partitions that were assigned and not yet taken up. Assigned and lost on kafka-python's
    thread, taken up by the thread that polls.
    """

    _waiting: set[Any] = field(default_factory=set)
    _made_anew: set[Any] = field(default_factory=set)
    """Those whose topic is a new one of the same name: a position from before says nothing."""
    _due: float = 0.0

    def assigned(self, consumer: Any, partitions: Iterable[Partition]) -> None:
        places = [place_of(partition) for partition in partitions]
        self._waiting.update(places)
        consumer.pause(*places)

    def begin_anew(self, consumer: Any, partitions: Iterable[Partition]) -> None:
        """The topic was deleted and made again: take these up at their first frame."""
        places = [place_of(partition) for partition in partitions]
        self.assigned(consumer, partitions)
        self._made_anew.update(places)
        for place in places:
            consumer.seek(place, 0)

    def gone(self, partitions: Iterable[Partition]) -> None:
        places = {place_of(partition) for partition in partitions}
        self._waiting -= places
        self._made_anew -= places

    def held_back(self, place: Any) -> bool:
        """Whether this TopicPartition must stay paused."""
        return place in self._waiting

    def take_up(self, consumer: Any) -> list[TakenUp]:
        """Read and write the notes of what waits; what is returned may be fetched.

        The others are left for a later call: a transaction of their last owner is still open, or
        the group has gone on, which takes a poll to hear of.
        """
        waiting = self._waiting & consumer.assignment()
        if not waiting or time.monotonic() < self._due:
            return []
        found = []
        try:
            for place in waiting:
                with suppress(KafkaTimeoutError):
                    found.append(self._find(consumer, place))
            if found:
                consumer.commit(dict(map(_note, found)), timeout_ms=_ANSWER_MS)
        except KafkaError as error:
            _log.warning("partitions not taken up yet, trying again", error=repr(error))
            self._due = time.monotonic() + _PAUSE
            return []
        done = {place_of(taken.partition) for taken in found}
        self._waiting -= done
        self._made_anew -= done
        return found

    def _find(self, consumer: Any, place: Any) -> TakenUp:
        if place in self._made_anew:
            return TakenUp(Partition(place.topic, place.partition), 0, Suspicion())
        return _find(consumer, place)


def _find(consumer: Any, place: Any) -> TakenUp:
    partition = Partition(place.topic, place.partition)
    committed = consumer.committed(place, metadata=True, timeout_ms=_ANSWER_MS)
    if committed is None:
        # The group has never committed here: the oldest frame that is kept is the first one.
        start = consumer.beginning_offsets([place], timeout_ms=_ANSWER_MS)[place]
        return TakenUp(partition, start, Suspicion())
    if not is_of_the_dead(committed.metadata):
        return TakenUp(partition, committed.offset, Suspicion())
    end = consumer.end_offsets([place], timeout_ms=_ANSWER_MS)[place]
    return TakenUp(partition, committed.offset, inherit(committed.metadata, committed.offset, end))


def _note(taken: TakenUp) -> tuple[Any, Any]:
    """The same position, with our own note."""
    note = working(taken.suspicion.deaths)
    return place_of(taken.partition), OffsetAndMetadata(taken.position, note, -1)
