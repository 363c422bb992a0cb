"""Where reading goes on without a position, and what is said of the frames left out."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import (
    KafkaTimeoutError,
    LogTruncationError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from kafka.structs import OffsetAndMetadata

from edge.frame import Partition
from edge.kafka.positions import OFFSETS_A_RECORD, find_position
from edge.record import Record

HERE, THERE, NOT_OURS = (TopicPartition("frames", number) for number in range(3))


@dataclass
class Consumer:
    """What `find_position` asks of a consumer, and where it was told to go."""

    starts: dict[Any, int] = field(default_factory=dict)
    sought: dict[Any, int | str] = field(default_factory=dict)
    answers: bool = True
    unfinished: int = 0
    """So many frames before a cut are not done."""
    cuts: list[tuple[Partition, int]] = field(default_factory=list)

    def assignment(self) -> set[Any]:
        return {HERE, THERE}

    def beginning_offsets(self, places: dict[Any, int], timeout_ms: int) -> dict[Any, int]:
        if not self.answers:
            raise KafkaTimeoutError(timeout_ms)
        return {at: self.starts[at] for at in places}

    def found(self, error: Exception) -> list[Record]:
        return find_position(self, error, self.cut)

    def cut(self, partition: Partition, end: int) -> int:
        self.cuts.append((partition, end))
        return end - self.unfinished

    def seek(self, at: Any, offset: int) -> None:
        self.sought[at] = offset

    def seek_to_beginning(self, *places: Any) -> None:
        self.sought |= dict.fromkeys(places, "beginning")


def lost(records: list[Record]) -> list[tuple[int | None, int]]:
    """The first and the last offset of each."""
    return [(record.lost_from, record.offset) for record in records]


def test_a_group_that_never_committed_begins_at_the_beginning_and_has_lost_nothing() -> None:
    consumer = Consumer()
    assert consumer.found(NoOffsetForPartitionError({HERE, NOT_OURS})) == []
    assert consumer.sought == {HERE: "beginning"}


def test_what_was_deleted_unread_is_told_and_reading_goes_on_behind_it() -> None:
    consumer = Consumer({HERE: 12})
    records = consumer.found(OffsetOutOfRangeError({HERE: 7}))
    assert lost(records) == [(7, 11)]
    assert records[0].partition == Partition("frames", 0)
    assert consumer.sought == {HERE: 12}


def test_a_log_that_ends_before_the_position_is_read_anew_and_has_lost_nothing_known() -> None:
    consumer = Consumer({HERE: 3})
    assert consumer.found(OffsetOutOfRangeError({HERE: 50})) == []
    assert consumer.sought == {HERE: 3}


def test_a_partition_that_was_given_back_meanwhile_is_left_alone() -> None:
    consumer = Consumer()
    assert consumer.found(OffsetOutOfRangeError({NOT_OURS: 7})) == []
    assert consumer.found(NoOffsetForPartitionError({NOT_OURS})) == []
    assert consumer.found(LogTruncationError({NOT_OURS: None})) == []
    assert consumer.sought == {}


def test_a_broker_that_does_not_answer_leaves_the_position_where_it_is() -> None:
    consumer = Consumer({HERE: 12}, answers=False)
    with pytest.raises(KafkaTimeoutError):
        consumer.found(OffsetOutOfRangeError({HERE: 7}))
    assert consumer.sought == {}


def test_a_long_stretch_comes_in_pieces_that_are_the_same_when_it_has_grown() -> None:
    size = OFFSETS_A_RECORD
    first = Consumer({HERE: 2 * size + 5}).found(OffsetOutOfRangeError({HERE: 10}))
    assert lost(first) == [(10, size - 1), (size, 2 * size - 1), (2 * size, 2 * size + 4)]
    grown = Consumer({HERE: 3 * size}).found(OffsetOutOfRangeError({HERE: 10}))
    assert lost(grown)[:2] == lost(first)[:2]
    assert lost(grown)[2] == (2 * size, 3 * size - 1)


def test_where_a_new_leader_has_less_reading_goes_on_where_the_logs_part() -> None:
    consumer = Consumer({THERE: 5})
    truncated = LogTruncationError({HERE: OffsetAndMetadata(40, "", 3), THERE: None})
    assert consumer.found(truncated) == []
    assert consumer.sought == {HERE: 40, THERE: 5}
    assert consumer.cuts == [(Partition("frames", 0), 40), (Partition("frames", 1), 5)]


def test_frames_before_a_cut_that_are_not_done_come_again() -> None:
    consumer = Consumer(unfinished=7)
    assert consumer.found(LogTruncationError({HERE: OffsetAndMetadata(40, "", 3)})) == []
    assert consumer.sought == {HERE: 33}


def test_what_was_read_of_a_log_that_ends_before_the_position_is_no_more() -> None:
    consumer = Consumer({HERE: 3})
    consumer.found(OffsetOutOfRangeError({HERE: 50}))
    assert consumer.cuts == [(Partition("frames", 0), 3)]
