"""The recount in words, and as JSON for machines."""

from collections.abc import Iterator
from typing import Any

from edge.audit.report import BROKEN, CLEAN, FINDINGS, AuditReport, PartitionAudit
from edge.audit.tally import Answer
from edge.settings.delivery import Delivery


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
    if status == BROKEN:
        found = [
            f"{report.offsets(finding)} {finding}"
            for finding in FINDINGS
            if finding != "unauditable" and report.offsets(finding)
        ]
        return f"BROKEN: {', '.join(found)} ({counts})"
    return f"could not tell: {_doubts(report)} ({counts})"


def _doubts(report: AuditReport) -> str:
    if report.obstacle:
        return report.obstacle
    return f"{report.offsets('unauditable')} frames have no outcome, and {'; '.join(report.doubts)}"


def lines_of(report: AuditReport) -> Iterator[str]:
    """The offsets behind the verdict, a line for each partition and finding."""
    for audit in report.partitions:
        for finding in FINDINGS:
            offsets = getattr(audit, finding)
            if offsets:
                yield f"{finding} in {audit.partition}: {offsets}"
    if report.damaged:
        yield f"{report.damaged} records of the outcome topics could not be read"


def document_of(report: AuditReport, delivery: Delivery) -> dict[str, Any]:
    """The whole recount as JSON; of each finding the first ranges, first and last offset."""
    return {
        "group": report.group,
        "status": report.status(delivery),
        "verdict": verdict_of(report, delivery),
        "doubts": report.doubts,
        "damaged": report.damaged,
        "partitions": [_partition(audit) for audit in report.partitions],
    }


def _partition(audit: PartitionAudit) -> dict[str, Any]:
    return {
        "topic": audit.partition.topic,
        "partition": audit.partition.number,
        "from": audit.looked_at.start,
        "to": audit.looked_at.end,
        "committed": audit.committed,
        "pending": audit.pending,
        "outcomes": {
            answer.name.lower().replace("_", "-"): audit.counts.get(answer, 0)
            for answer in Answer
            if answer
        },
        **{finding: getattr(audit, finding).document() for finding in FINDINGS},
    }
