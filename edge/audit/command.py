"""`yardlight-edge audit`."""

import json
import sys
from typing import Annotated

from cyclopts import Parameter

from edge.audit.recount import audit
from edge.audit.report import Delivery
from edge.audit.text import document_of, lines_of, verdict_of
from edge.observe.logs import configure_logs
from edge.settings import KafkaSettings, TopicSettings
from edge.span import WHOLE, Span


def audit_command(
    *,
    kafka: KafkaSettings | None = None,
    topics: TopicSettings | None = None,
    span: Span | None = None,
    group: str = "yardlight",
    delivery: Delivery = "exactly-once",
    as_json: Annotated[bool, Parameter("--json", negative="")] = False,
) -> int:
    """Recount from the topics alone what became of every frame.

    Exit status: 0 clean, 1 broken (the offsets are named), 3 could not tell.

    Args:
        group: consumer group whose frames are recounted.
        delivery: with at-least-once, repeated outcomes are reported and allowed.
        as_json: print the recount for machines.
    """
    configure_logs("error", "auto")
    report = audit(kafka or KafkaSettings(), topics or TopicSettings(), group, span or WHOLE)
    if as_json:
        sys.stdout.write(json.dumps(document_of(report, delivery), indent=2) + "\n")
    else:
        for line in [*lines_of(report), verdict_of(report, delivery)]:
            sys.stdout.write(f"{line}\n")
    return report.status(delivery)
