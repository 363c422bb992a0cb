"""`yardlight-edge audit`."""

import json
import sys
from typing import Annotated

from cyclopts import Parameter, types, validators

from deploy.bundle.command import tell
from deploy.bundle.errors import YardlightError
from edge.audit.recount import audit
from edge.audit.report import COULD_NOT_TELL, AuditReport
from edge.audit.text import document_of, lines_of, verdict_of
from edge.bar import Watch, nobody, shown
from edge.observe.logs import configure_logs
from edge.setting_types import GroupName
from edge.settings.delivery import Delivery
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings
from edge.signals import ended_by_sigterm, stop_on_signals
from edge.span import WHOLE, Span

_YEAR = 366 * 86_400


def audit_command(
    *,
    kafka: KafkaSettings | None = None,
    topics: TopicSettings | None = None,
    span: Span | None = None,
    group: GroupName = "yardlight",
    delivery: Delivery = "exactly-once",
    as_json: Annotated[bool, Parameter("--json", negative="")] = False,
    every: Annotated[float, Parameter(validator=validators.Number(gt=0, lte=_YEAR))] | None = None,
    audit_host: str = "0.0.0.0",  # noqa: S104 - Prometheus scrapes from another machine
    audit_port: types.Port = 9109,
) -> int:
    """Recount from the topics alone what became of every frame.

    Exit status: 0 clean, 1 broken (the offsets are named), 3 could not tell, also where no broker
    answers.

    Args:
        group: consumer group whose frames are recounted.
        delivery: with at-least-once, repeated outcomes are reported and allowed.
        as_json: print the recount for machines.
        every: recount every so many seconds until stopped, and serve /metrics and /health.
        audit_host: address on which they are served.
        audit_port: port on which they are served; 0 takes a free one and logs it.
    """

    def recount(watch: Watch = nobody) -> AuditReport:
        return audit(
            kafka or KafkaSettings(), topics or TopicSettings(), group, span or WHOLE, watch
        )

    def show(report: AuditReport) -> None:
        _print(report, delivery, as_json=as_json)

    if every is not None:
        from edge.audit.watch import serve_audit

        configure_logs("info", "auto")
        stop = stop_on_signals()
        return serve_audit(recount, show, delivery, every, audit_host, audit_port, stop)
    configure_logs("error", "auto")
    try:
        with shown("outcomes") as watch, ended_by_sigterm():
            report = recount(watch)
    except YardlightError as error:
        tell(f"error: {error}")
        return COULD_NOT_TELL
    show(report)
    return report.status(delivery)


def _print(report: AuditReport, delivery: Delivery, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(document_of(report, delivery), indent=2) + "\n")
    else:
        for line in [*lines_of(report), verdict_of(report, delivery)]:
            sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
