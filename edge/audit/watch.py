"""The recount again and again, where Prometheus can see it."""

import time
from collections.abc import Callable
from threading import Event

from deploy.bundle.errors import Unavailable
from edge.audit.report import BROKEN, CLEAN, COULD_NOT_TELL, AuditReport
from edge.audit.tally import Answer
from edge.bar import Watch
from edge.observe.audit_metrics import AuditMetrics, State
from edge.observe.health import Health
from edge.observe.http import ObservationServer
from edge.observe.logs import get_logger
from edge.settings.delivery import Delivery

_log = get_logger("audit")
_STATES: dict[int, State] = {CLEAN: "clean", BROKEN: "broken", COULD_NOT_TELL: "could-not-tell"}


class _Stopped(Exception):  # noqa: N818 - no fault
    """A recount was left in its midst."""


def serve_audit(
    recount: Callable[[Watch], AuditReport],
    show: Callable[[AuditReport], None],
    delivery: Delivery,
    every: float,
    host: str,
    port: int,
    stop: Event,
) -> int:
    """Keep auditing, and serve what was found; the status of the newest recount.

    Raises:
        Fatal: the port cannot be used.
    """
    metrics, health = AuditMetrics(), Health(dict)
    with ObservationServer(host, port, metrics, health) as server:
        _log.info("serving metrics and health", port=server.port)
        health.phase, health.started, health.ready = "auditing", True, True
        return keep_auditing(recount, show, delivery, every, metrics, stop)


def keep_auditing(
    recount: Callable[[Watch], AuditReport],
    show: Callable[[AuditReport], None],
    delivery: Delivery,
    every: float,
    metrics: AuditMetrics,
    stop: Event,
    wall: Callable[[], float] = time.time,
) -> int:
    """Recount every `every` seconds until `stop`; the status of the newest recount.

    A broker that does not answer is a recount that could not tell.
    """

    def leave(_done: int, _total: int) -> None:
        if stop.is_set():
            raise _Stopped

    status = COULD_NOT_TELL
    while not stop.is_set():
        try:
            report = recount(leave)
        except _Stopped:
            break
        except Unavailable as error:
            status = COULD_NOT_TELL
            _log.warning("could not recount, trying again", error=str(error), after=every)
            metrics.note(_STATES[status], {}, wall())
        else:
            status = report.status(delivery)
            metrics.note(_STATES[status], found_by(report), wall())
            show(report)
        stop.wait(every)
    return status


def found_by(report: AuditReport) -> dict[str, int]:
    """Frames by what the recount found them to be."""
    answers = {
        answer.name.lower().replace("_", "-"): report.total(answer) for answer in Answer if answer
    }
    return {
        **answers,
        "missing": report.offsets("missing"),
        "repeated": report.offsets("repeated"),
        "conflicting": report.offsets("conflicting"),
        "unauditable": report.offsets("unauditable"),
        "pending": report.pending,
    }
