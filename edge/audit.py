"""The recount: what became of every frame, from the topics alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import msgspec

from edge.acls import acls_of
from edge.cloudevents import GROUP_HEADER
from edge.frame import Partition, Range
from edge.kafka.access import insist_on_access
from edge.kafka.reader import TopicReader
from edge.record import Record
from edge.settings import KafkaSettings, TopicSettings
from edge.tally import Answer, Tally
from edge.wire import Skipped, read_classification

Delivery: TypeAlias = Literal["at-least-once", "exactly-once"]
CLEAN, BROKEN, COULD_NOT_TELL = 0, 1, 3


@dataclass(slots=True)
class PartitionAudit:
    """What the recount found in one partition of the frames topic."""

    partition: Partition
    committed: int
    counts: dict[Answer, int] = field(default_factory=dict)
    missing: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    conflicting: list[int] = field(default_factory=list)
    unauditable: list[int] = field(default_factory=list)
    pending: int = 0


@dataclass(slots=True)
class AuditReport:
    """The whole recount."""

    group: str
    partitions: list[PartitionAudit] = field(default_factory=list)
    damaged: int = 0
    """Records of the outcome topics that could not be read as outcomes."""
    obstacle: str = ""
    """Why nothing can be told at all, empty if something can."""

    def total(self, answer: Answer) -> int:
        return sum(audit.counts.get(answer, 0) for audit in self.partitions)

    def offsets(self, finding: Literal["missing", "repeated", "conflicting", "unauditable"]) -> int:
        return sum(len(getattr(audit, finding)) for audit in self.partitions)

    @property
    def pending(self) -> int:
        return sum(audit.pending for audit in self.partitions)

    def status(self, delivery: Delivery) -> int:
        """0 clean, 1 broken, 3 could not tell. Repeats break exactly-once only."""
        repeats = self.offsets("repeated") if delivery == "exactly-once" else 0
        if self.offsets("missing") or self.offsets("conflicting") or repeats:
            return BROKEN
        if self.obstacle or self.offsets("unauditable"):
            return COULD_NOT_TELL
        return CLEAN


def audit(kafka: KafkaSettings, topics: TopicSettings, group: str) -> AuditReport:
    """Recount the conservation of frames for one consumer group.

    Looked at are the frames below the group's committed offsets; a frame without an outcome that
    is older than the oldest outcome still kept could not be audited, since its outcome may have
    been deleted.

    Raises:
        Unavailable: the broker does not answer.
        Fatal: a right that it needs is not granted.
    """
    insist_on_access(kafka, acls_of("audit", topics, group))
    report = AuditReport(group)
    with TopicReader(kafka, group) as reader:
        frames = reader.bounds(topics.frames_topic)
        if not frames:
            report.obstacle = f"topic {topics.frames_topic} does not exist"
            return report
        committed = {at: reader.committed(at) for at in frames}
        if all(position is None for position in committed.values()):
            report.obstacle = f"group {group} has committed nothing in {topics.frames_topic}"
        tallies = {
            at: Tally(Range(held.start, max(held.end, committed[at] or 0)))
            for at, held in frames.items()
        }
        horizon = _tally_outcomes(reader, topics, group, tallies, report)
        for at, tally in tallies.items():
            position = committed[at]
            end = tally.range.start if position is None else position
            report.partitions.append(_judge(reader, at, tally, end, horizon))
    return report


def _tally_outcomes(
    reader: TopicReader,
    topics: TopicSettings,
    group: str,
    tallies: dict[Partition, Tally],
    report: AuditReport,
) -> float:
    """Count every outcome; returns the time before which outcomes may have been deleted."""
    horizon = 0.0
    readers = {
        topics.results_topic: _classified,
        topics.skipped_topic: _skipped,
        topics.dead_letters_topic: _dead_lettered,
    }
    for topic, parse in readers.items():
        bounds = reader.bounds(topic)
        oldest = {at: held.start for at, held in bounds.items() if held.start > 0}
        for record in reader.read_all(topic):
            if oldest.pop(record.partition, None) is not None:
                horizon = max(horizon, record.timestamp)
            if not _belongs(record, group):
                continue
            try:
                for outcome in parse(record):
                    tally = tallies.get(outcome.partition)
                    if tally is not None:
                        tally.note(outcome.offset, outcome.answer, outcome.content)
            except (msgspec.MsgspecError, KeyError, ValueError):
                report.damaged += 1
        if oldest:
            # Everything that a partition held was deleted: nothing older than now can be told.
            horizon = float("inf")
    return horizon


def _judge(
    reader: TopicReader, at: Partition, tally: Tally, committed: int, horizon: float
) -> PartitionAudit:
    found = PartitionAudit(at, committed)
    found.counts = {answer: tally.count(answer, committed) for answer in Answer if answer}
    found.repeated = tally.repeated(committed)
    found.conflicting = tally.conflicting(committed)
    found.pending = max(0, tally.range.end - max(committed, tally.range.start))
    # Offsets without an outcome are missing only if a frame was there: transactions and compaction
    # leave gaps. So only these are read again.
    for stretch in tally.unanswered(committed):
        for record in reader.read({at: stretch}):
            if tally.is_answered(record.offset):
                continue
            where = found.unauditable if record.timestamp < horizon else found.missing
            where.append(record.offset)
    return found


@dataclass(frozen=True, slots=True)
class _Outcome:
    partition: Partition
    offset: int
    answer: Answer
    content: str


def _belongs(record: Record, group: str) -> bool:
    """Whether an outcome is this group's; one that names no group is counted for every group."""
    named = dict(record.headers).get(GROUP_HEADER)
    return named is None or named == group.encode()


def _classified(record: Record) -> Iterator[_Outcome]:
    classification = read_classification(record.value or b"")
    frame = classification.frame
    at = Partition(frame.topic, frame.partition)
    yield _Outcome(at, frame.offset, Answer.CLASSIFIED, classification.label)


def _skipped(record: Record) -> Iterator[_Outcome]:
    skipped = msgspec.json.decode(record.value or b"", type=Skipped)
    at = Partition(skipped.topic, skipped.partition)
    for offset in skipped.offsets:
        yield _Outcome(at, offset, Answer.SKIPPED, skipped.reason)


def _dead_lettered(record: Record) -> Iterator[_Outcome]:
    headers = {name: value.decode() for name, value in record.headers}
    at = Partition(headers["yardlight_topic"], int(headers["yardlight_partition"]))
    offset = int(headers["yardlight_offset"])
    yield _Outcome(at, offset, Answer.DEAD_LETTERED, headers["yardlight_reason"])
