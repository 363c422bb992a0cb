"""Records that kafka-python cannot unpack: which one it was, and how to get past it.

After such an error the next poll at the same position would hang for ever (its `fetched_records`
loops).
"""

import re
from typing import Any

from kafka import TopicPartition
from kafka.errors import CorruptRecordError

from deploy.bundle.errors import Fatal
from edge.frame import Partition
from edge.record import Record

UNREADABLE = (CorruptRecordError, UnicodeDecodeError)
"""What `poll` raises: a bad checksum, or a header whose name is not UTF-8."""
_CORRUPT = re.compile(r"TopicPartition\(topic='(?P<topic>[^']+)', partition=(?P<number>\d+)\)")


def step_over(consumer: Any, error: Exception) -> Record:
    """Move past the record that cannot be read and report it as corrupt.

    What follows it in the same batch cannot be read either and takes this way one by one.

    Raises:
        Fatal: which record it is cannot be told.
    """
    place = _place_of(consumer, error)
    offset = consumer.position(place)
    _discard(consumer, place)
    consumer.seek(place, offset + 1)
    partition = Partition(place.topic, place.partition)
    return Record(partition, offset, 0.0, None, None, (), corrupt=f"cannot be read: {error}")


def _discard(consumer: Any, place: Any) -> None:
    """What was being unpacked gives nothing more and counts as unfinished: if anybody comes back to
    this position, kafka-python would ask it for ever.
    """
    unpacking = consumer._fetcher._next_partition_records  # noqa: SLF001 - no public way
    if unpacking is not None and unpacking.topic_partition == place:
        unpacking.drain()


def _place_of(consumer: Any, error: Exception) -> Any:
    """The TopicPartition whose next record cannot be read: a bad checksum names it, for anything
    else it is the one that kafka-python is unpacking.
    """
    if (found := _CORRUPT.search(str(error))) is not None:
        return TopicPartition(found["topic"], int(found["number"]))
    unpacking = consumer._fetcher._next_partition_records  # noqa: SLF001 - no public way
    if unpacking is None:
        raise Fatal(f"records cannot be read: {error!r}") from error
    return unpacking.topic_partition
