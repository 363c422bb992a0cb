"""The recount: what became of every frame of a span, from the topics alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.acls import acls_of
from edge.audit.hearing import Hearing
from edge.audit.outcomes import parsers
from edge.audit.report import AuditReport, PartitionAudit
from edge.audit.runs import Offsets, offsets_of
from edge.audit.settled import nothing_is_hidden
from edge.audit.tally import Tally
from edge.bar import Watch, nobody
from edge.frame import Partition, Range
from edge.kafka.access import insist_on_access
from edge.kafka.reader import TopicReader
from edge.kafka.stretch import stretches_of
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings
from edge.span import WHOLE, Span

_NEVER = float("inf")
_OLDER = "they are older than the oldest outcome kept"
_UNREADABLE = "some outcomes cannot be read, theirs may be among them"
_DELETED = "they were deleted from the topic"
_ABOVE = "the group committed them and the topic ends before: was it made anew?"


def audit(
    kafka: KafkaSettings,
    topics: TopicSettings,
    group: str,
    span: Span = WHOLE,
    watch: Watch = nobody,
) -> AuditReport:
    """Recount the conservation of frames for one consumer group.

    Looked at are the frames of the span below the group's committed offsets. One without an outcome
    is missing if its outcome would still be there; otherwise it could not be audited. What is
    remembered is a byte for each offset of the span, however many processes read.

    Args:
        watch: is told how many offsets of outcomes were read, and of how many.

    Raises:
        Fatal: the span names what does not exist, or a right that it needs is not granted.
        Unavailable: the broker does not answer.
    """
    insist_on_access(kafka, acls_of("audit", topics, group))
    report = AuditReport(group)
    with TopicReader(kafka, group) as reader:
        # Positions first: whatever they have passed has its outcome in what is read afterwards.
        committed = {at: reader.committed(at) for at in reader.partitions(topics.frames_topic)}
        if not committed:
            report.obstacle = f"topic {topics.frames_topic} does not exist"
            return report
        held = reader.bounds(topics.frames_topic)
        asked = stretches_of(reader, topics.frames_topic, span, held)
        if all(committed[at] is None for at in asked):
            report.obstacle = f"group {group} has committed nothing in {topics.frames_topic}"
        tallies = {at: Tally(_up_to(asked[at], committed[at], span)) for at in asked}
        complete = nothing_is_hidden(kafka, reader, parsers(topics), report)
        hearing = Hearing(kafka, topics, group)
        horizon, all_read = _hear(hearing, reader, tallies, report, watch)
        if not all_read:
            report.doubt(_UNREADABLE)
        complete = complete and all_read
        kept = reader.bounds(topics.frames_topic)
        judge = _Judge(reader, report, kept, horizon if complete else _NEVER, complete=complete)
        for at, tally in tallies.items():
            report.partitions.append(judge.audit(at, tally, committed[at]))
    return report


def _up_to(asked: Range, committed: int | None, span: Span) -> Range:
    """A position beyond the end of the topic is looked into as well, unless an end was given."""
    end = asked.end if span.end is not None else max(asked.end, committed or 0)
    return Range(asked.start, end)


def _hear(
    hearing: Hearing,
    reader: TopicReader,
    tallies: Mapping[Partition, Tally],
    report: AuditReport,
    watch: Watch,
) -> tuple[float, bool]:
    """Note every outcome of the group; returns the time, in Unix seconds, before which outcomes may
    have been deleted, and whether all that is there could be read.
    """
    topics = parsers(hearing.topics)
    bounds = {at: held for topic in topics for at, held in reader.bounds(topic).items()}
    shortened = {at for at, held in bounds.items() if held.start > 0}
    horizon, all_read = -_NEVER, True
    for heard in hearing.hear(reader, bounds, watch):
        heard.tell(tallies)
        report.damaged += heard.damaged
        all_read &= not heard.unreadable
        for at in shortened & heard.oldest.keys():
            horizon = max(horizon, heard.oldest[at])
            shortened.remove(at)
    if shortened:
        # All that a partition held was deleted: nothing older than now can be told.
        horizon = _NEVER
    later = {at: held for topic in topics for at, held in reader.bounds(topic).items()}
    for at, held in bounds.items():
        kept = later.get(at, Range(0, 0))
        if kept.start > held.start or kept.end < held.end:
            # Deleted while others were read: perhaps before it was heard.
            horizon = max(horizon, _oldest(reader, at, kept))
    return horizon, all_read


def _oldest(reader: TopicReader, at: Partition, kept: Range) -> float:
    """Unix seconds of the first record of a partition."""
    first = Range(kept.start, min(kept.start + 1, kept.end))
    found = next(iter(reader.read({at: first})), None)
    return _NEVER if found is None or found.corrupt is not None else found.timestamp


@dataclass(frozen=True, slots=True)
class _Judge:
    """Tells what the frames without an outcome are."""

    reader: TopicReader
    report: AuditReport
    kept: Mapping[Partition, Range]
    """What the frames topic still holds."""
    horizon: float
    """Unix seconds: of an older frame the outcome may be gone."""
    complete: bool
    """Whether every outcome that was written and not deleted could be read."""

    def audit(self, at: Partition, tally: Tally, committed: int | None) -> PartitionAudit:
        looked_at, kept = tally.range, self.kept.get(at, Range(0, 0))
        start = looked_at.start
        end = start if committed is None else min(max(committed, start), looked_at.end)
        found = PartitionAudit(at, looked_at, committed, tally.counts(end))
        found.repeated = offsets_of(tally.repeated(end))
        found.conflicting = offsets_of(tally.conflicting(end))
        found.pending = looked_at.end - end
        self._untellable(found, tally, Range(start, min(kept.start, end)), _DELETED)
        self._look_again(found, tally, Range(max(start, kept.start), min(end, kept.end)))
        self._untellable(found, tally, Range(max(start, kept.end), end), _ABOVE)
        return found

    def _untellable(self, found: PartitionAudit, tally: Tally, within: Range, why: str) -> None:
        """Of what is not there nobody can say whether it was a frame."""
        for stretch in tally.unanswered(within, joined=1):
            found.unauditable.add(stretch)
            self.report.doubt(why)

    def _look_again(self, found: PartitionAudit, tally: Tally, within: Range) -> None:
        """Offsets without an outcome are missing only if a frame is there: transactions and
        compaction leave gaps. So only these are read.
        """
        for stretch in tally.unanswered(within):
            for record in self.reader.read({found.partition: stretch}):
                if tally.is_answered(record.offset):
                    continue
                self._add(found, record.timestamp).add(Range(record.offset, record.offset + 1))

    def _add(self, found: PartitionAudit, timestamp: float) -> Offsets:
        if timestamp > self.horizon:
            return found.missing
        if self.complete:
            self.report.doubt(_OLDER)
        return found.unauditable
