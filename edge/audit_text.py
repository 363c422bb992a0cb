"""The recount in words, and as JSON for machines."""

from collections.abc import Iterator, Sequence
from typing import Any

from edge.audit import BROKEN, CLEAN, AuditReport, PartitionAudit
from edge.settings import Delivery
from edge.tally import Answer

_SHOWN_RUNS = 20
FINDINGS = ("missing", "repeated", "conflicting", "unauditable")


def verdict_of(report: AuditReport, delivery: Delivery) -> str:
    """One sentence: clean, broken or could not tell, and why."""
    counts = (
        f"{report.total(Answer.CLASSIFIED)} classified, {report.total(Answer.SKIPPED)} skipped, "
        f"{report.total(Answer.DEAD_LETTERED)} dead-lettered, {report.pending} pending"
    )
    status = report.status(delivery)
    if status == CLEAN:
        repeated = report.offsets("repeated")
        also = f"; {repeated} repeated, as {delivery} allows" if repeated else ""
        return f"clean: every committed frame has its outcome ({counts}){also}"
    found = [
        f"{report.offsets(finding)} {finding}"
        for finding in ("missing", "repeated", "conflicting")
        if report.offsets(finding)
    ]
    if status == BROKEN:
        return f"BROKEN: {', '.join(found)} ({counts})"
    why = report.obstacle or (
        f"{report.offsets('unauditable')} frames are older than the oldest outcome kept"
    )
    return f"could not tell: {why} ({counts})"


def lines_of(report: AuditReport) -> Iterator[str]:
    """The offsets behind the verdict, a line for each partition and finding."""
    for audit in report.partitions:
        for finding in FINDINGS:
            offsets = getattr(audit, finding)
            if offsets:
                yield f"{finding} in {audit.partition}: {as_runs(offsets)}"
    if report.damaged:
        yield f"{report.damaged} records of the outcome topics could not be read"


def document_of(report: AuditReport, delivery: Delivery) -> dict[str, Any]:
    """The whole recount as JSON; offsets in full."""
    return {
        "group": report.group,
        "status": report.status(delivery),
        "verdict": verdict_of(report, delivery),
        "damaged": report.damaged,
        "partitions": [_partition(audit) for audit in report.partitions],
    }


def as_runs(offsets: Sequence[int]) -> str:
    """`3, 7-9` for [3, 7, 8, 9]; the first twenty runs."""
    runs: list[list[int]] = []
    for offset in offsets:
        if runs and offset == runs[-1][1] + 1:
            runs[-1][1] = offset
        else:
            runs.append([offset, offset])
    words = [str(start) if start == end else f"{start}-{end}" for start, end in runs]
    more = f" and {len(words) - _SHOWN_RUNS} more runs" if len(words) > _SHOWN_RUNS else ""
    return ", ".join(words[:_SHOWN_RUNS]) + more


def _partition(audit: PartitionAudit) -> dict[str, Any]:
    return {
        "topic": audit.partition.topic,
        "partition": audit.partition.number,
        "committed": audit.committed,
        "pending": audit.pending,
        "outcomes": {
            answer.name.lower().replace("_", "-"): count for answer, count in audit.counts.items()
        },
        **{finding: getattr(audit, finding) for finding in FINDINGS},
    }
