"""Whether the outcome topics hold what they must for a frame without an outcome to be a loss."""

import time
from collections.abc import Iterable, Mapping

from edge.audit.report import AuditReport
from edge.frame import Partition
from edge.kafka.reader import TopicReader
from edge.kafka.topics import TopicAdmin
from edge.settings.kafka import KafkaSettings

TRANSACTION_SECONDS = 15.0
"""How long an open transaction is waited for: longer than any of a Yardlight service lasts."""
_LOOK_AGAIN_SECONDS = 0.2


def nothing_is_hidden(
    kafka: KafkaSettings, reader: TopicReader, topics: Iterable[str], report: AuditReport
) -> bool:
    """Whether a reader of these topics sees every outcome that was ever written to them; what it
    may not see is told to the report.

    While a member has a transaction open, nobody sees what others committed behind it, so the end
    of it is waited for. And where a topic is compacted, outcomes have gone that were there.

    Raises:
        Unavailable: the broker stopped answering.
    """
    present = [name for name in topics if reader.partitions(name)]
    with TopicAdmin(kafka) as admin:
        ends = admin.high_watermarks(at for name in present for at in reader.partitions(name))
        compacted = admin.compacted(present)
    for name in compacted:
        report.doubt(f"{name} is compacted, their outcomes may be gone from it")
    hidden = _open_transactions(reader, present, ends)
    for name in hidden:
        report.doubt(f"an open transaction hides the end of {name}")
    return not (compacted or hidden)


def _open_transactions(
    reader: TopicReader, topics: list[str], ends: Mapping[Partition, int]
) -> list[str]:
    """The topics that a transaction is still open in after a while."""
    deadline = time.monotonic() + TRANSACTION_SECONDS
    open_in = list(topics)
    while open_in:
        open_in = [name for name in open_in if _is_cut_short(reader, name, ends)]
        if open_in and time.monotonic() > deadline:
            break
        if open_in:
            time.sleep(_LOOK_AGAIN_SECONDS)
    return open_in


def _is_cut_short(reader: TopicReader, topic: str, ends: Mapping[Partition, int]) -> bool:
    return any(held.end < ends.get(at, 0) for at, held in reader.bounds(topic).items())
