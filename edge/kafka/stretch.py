"""A span that a user asked for, as offsets of each partition."""

from collections.abc import Mapping

from deploy.bundle.errors import Fatal
from edge.frame import Partition, Range
from edge.kafka.reader import TopicReader
from edge.span import Moment, Point, Span


def stretches_of(
    reader: TopicReader, topic: str, span: Span, held: Mapping[Partition, Range]
) -> dict[Partition, Range]:
    """The offsets of a span, by partition.

    What was asked for by offset may begin below what is kept; a time means the first record that
    is not older.

    Args:
        held: what each partition of the topic holds.

    Raises:
        Fatal: there is no such partition, or the broker cannot find records by time.
        Unavailable: the broker stopped answering.
    """
    _check_partitions(topic, span, held)
    chosen = {
        at: kept for at, kept in held.items() if not span.partition or at.number in span.partition
    }
    starts = _offsets(reader, span.start, {at: kept.start for at, kept in chosen.items()}, chosen)
    ends = _offsets(reader, span.end, {at: kept.end for at, kept in chosen.items()}, chosen)
    asked = {at: Range(starts[at], min(ends[at], kept.end)) for at, kept in chosen.items()}
    return {at: Range(within.start, max(within.start, within.end)) for at, within in asked.items()}


def _check_partitions(topic: str, span: Span, held: Mapping[Partition, Range]) -> None:
    unknown = set(span.partition) - {at.number for at in held}
    if unknown:
        raise Fatal(
            f"topic {topic} has no partition {', '.join(map(str, sorted(unknown)))}: it has "
            f"{len(held)}, from 0"
        )


def _offsets(
    reader: TopicReader,
    point: Point | None,
    otherwise: Mapping[Partition, int],
    chosen: Mapping[Partition, Range],
) -> Mapping[Partition, int]:
    if point is None:
        return otherwise
    if isinstance(point, Moment):
        return reader.offsets_at(point.seconds, chosen)
    return dict.fromkeys(chosen, point)
