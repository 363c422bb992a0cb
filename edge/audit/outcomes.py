"""Outcomes as their topics tell them, read back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from edge.audit.tally import Answer
from edge.cloudevents import GROUP_HEADER
from edge.frame import Partition
from edge.record import Record
from edge.settings.topics import TopicSettings
from edge.wire import Skipped, read_classification

_SKIPPED = msgspec.json.Decoder(Skipped)


@dataclass(frozen=True, slots=True)
class RecordedOutcome:
    """What one record says became of one frame."""

    partition: Partition
    """Where the frame lies."""
    offset: int
    answer: Answer
    content: str
    """The label or the reason: what two honest repeats have in common."""
    confidence: float = 1.0
    scores: Mapping[str, float] = field(default_factory=dict)
    """Of a classification: label → probability, the highest ones."""


Parser: TypeAlias = Callable[[Record], Iterator[RecordedOutcome]]
DAMAGED = (msgspec.MsgspecError, KeyError, ValueError, RecursionError)
"""What a parser raises for a record that is no outcome; JSON may be nested without end."""


def parsers(topics: TopicSettings) -> Mapping[str, Parser]:
    """How each topic that holds outcomes is read."""
    return {
        topics.results_topic: _classified,
        topics.skipped_topic: _skipped,
        topics.dead_letters_topic: _dead_lettered,
    }


def belongs(record: Record, group: str) -> bool:
    """Whether an outcome is this group's; one that names no group is counted for every group."""
    named = dict(record.headers).get(GROUP_HEADER)
    return named is None or named == group.encode()


def _classified(record: Record) -> Iterator[RecordedOutcome]:
    seen = read_classification(record.value or b"")
    at = Partition(seen.frame.topic, seen.frame.partition)
    yield RecordedOutcome(
        at, seen.frame.offset, Answer.CLASSIFIED, seen.label, seen.confidence, seen.scores
    )


def _skipped(record: Record) -> Iterator[RecordedOutcome]:
    skipped = _SKIPPED.decode(record.value or b"")
    at = Partition(skipped.topic, skipped.partition)
    for offset in skipped.offsets:
        yield RecordedOutcome(at, offset, Answer.SKIPPED, skipped.reason)


def _dead_lettered(record: Record) -> Iterator[RecordedOutcome]:
    # The frame's own headers come first and may hold anything: of each name the last one is ours.
    headers = dict(record.headers)
    at = Partition(headers["yardlight_topic"].decode(), int(headers["yardlight_partition"]))
    reason = headers["yardlight_reason"].decode()
    yield RecordedOutcome(at, int(headers["yardlight_offset"]), Answer.DEAD_LETTERED, reason)
