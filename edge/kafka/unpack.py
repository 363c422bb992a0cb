"""kafka-python's records and partitions as ours, and back."""

from collections.abc import Mapping
from typing import Any

from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from edge.frame import Partition
from edge.record import Record
from edge.suspicion import working


def record_of(raw: Any) -> Record:
    """A ConsumerRecord as ours."""
    return Record(
        partition=Partition(raw.topic, raw.partition),
        offset=raw.offset,
        timestamp=raw.timestamp / 1000,
        key=raw.key,
        value=raw.value,
        headers=tuple((name, value or b"") for name, value in raw.headers),
    )


def place_of(partition: Partition) -> Any:
    """Our partition as a TopicPartition."""
    return TopicPartition(partition.topic, partition.number)


def offsets_of(positions: Mapping[Partition, int], note: str = working()) -> dict[Any, Any]:
    """Positions as what kafka-python commits, with the note of who works on what follows them."""
    return {
        place_of(partition): OffsetAndMetadata(offset, note, -1)
        for partition, offset in positions.items()
    }
