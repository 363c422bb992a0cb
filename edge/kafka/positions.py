"""Where reading goes on when a partition has no position, or one that its log does not hold.

kafka-python would go to the earliest offset by itself and tell nobody what was left out. Told to do
nothing (`auto_offset_reset="none"`), it raises, and what was deleted unread is known to the offset.
"""

from collections.abc import Callable, Iterator
from typing import Any

from kafka.errors import (
    LogTruncationError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from edge.frame import Partition
from edge.observe.logs import get_logger
from edge.record import Record

_log = get_logger("consumer")
_ANSWER_MS = 5_000
OFFSETS_A_RECORD = 4096
"""So that a record which lists them stays below 100 KB."""

NoPosition = (NoOffsetForPartitionError, OffsetOutOfRangeError, LogTruncationError)


def find_position(
    consumer: Any, error: Exception, cut: Callable[[Partition, int], int]
) -> list[Record]:
    """Seek to where the partitions named by the error go on; what was deleted unread before that.

    Args:
        cut: is told of a log that ends at an offset below the position, and says where to go on.

    Raises:
        KafkaError: the broker did not answer; the next poll raises the same again.
    """
    owned = consumer.assignment()
    match error:
        case OffsetOutOfRangeError():
            positions = {at: offset for at, offset in error.args[0].items() if at in owned}
            return _step_over_deleted(consumer, positions, cut)
        case LogTruncationError():
            for at, end in error.divergent_offsets.items():
                if at in owned:
                    _go_back(consumer, at, end, cut)
        case NoOffsetForPartitionError():
            # The group has never committed here: the oldest frame that is kept is the first one.
            if places := error.args[0] & owned:
                consumer.seek_to_beginning(*places)
    return []


def _step_over_deleted(
    consumer: Any, positions: dict[Any, int], cut: Callable[[Partition, int], int]
) -> list[Record]:
    lost: list[Record] = []
    starts = consumer.beginning_offsets(positions, timeout_ms=_ANSWER_MS)
    for at, position in positions.items():
        partition, start = Partition(at.topic, at.partition), starts[at]
        if position > start:
            _log.warning("the log ends before the position, beginning anew", partition=str(at))
            start = cut(partition, start)
        elif position < start:
            _log.warning("frames were deleted unread", partition=str(at), count=start - position)
            lost += _lost(partition, position, start)
        consumer.seek(at, start)
    return lost


def _lost(partition: Partition, first: int, start: int) -> Iterator[Record]:
    """Records that stand for the offsets from `first` up to, not including, `start`.

    They end at multiples of their length, so that whoever finds the same gap again, when it has
    grown, tells it by the same records, but for the last.
    """
    while first < start:
        end = min(start, first - first % OFFSETS_A_RECORD + OFFSETS_A_RECORD)
        yield Record(partition, end - 1, 0.0, None, None, (), lost_from=first)
        first = end


def _go_back(consumer: Any, at: Any, end: Any, cut: Callable[[Partition, int], int]) -> None:
    """A new leader does not have what the old one had: go on where they part."""
    _log.warning("the log was truncated", partition=str(at), end=end and end.offset)
    if end is None:
        parted = consumer.beginning_offsets([at], timeout_ms=_ANSWER_MS)[at]
    else:
        parted = end.offset
    consumer.seek(at, cut(Partition(at.topic, at.partition), parted))
