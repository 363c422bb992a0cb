"""Structured logs on stderr: text on a terminal, JSON lines elsewhere."""

import logging
import sys
import time
from collections.abc import Callable
from typing import Any, Literal

import structlog
from structlog.typing import EventDict

_CLIENT_QUIET_SECONDS = 10.0


def get_logger(stage: str) -> Any:
    """A logger whose lines carry the part of the service that wrote them."""
    return structlog.get_logger(stage=stage)


def configure_logs(
    level: str, style: Literal["auto", "json", "text"], worker: int | None = None
) -> None:
    """Set up the logs of this process, the Kafka client's included.

    Args:
        worker: stands on every line, where several processes write to one stderr.
    """
    as_text = style == "text" or (style == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        *([] if worker is None else [_numbered(worker)]),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([] if as_text else [structlog.processors.format_exc_info]),
    ]
    renderer: Any = (
        # Plain tracebacks: the rich ones print local variables, which may be frames or secrets.
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        if as_text
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        # A line and its end are written at once: the Kafka client's threads, and other workers,
        # write to the same place.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(RateLimit(_CLIENT_QUIET_SECONDS))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    # It warns of its own loop's pace, which nobody can do anything about.
    logging.getLogger("kafka.net.selector").setLevel(logging.ERROR)


def _numbered(worker: int) -> Callable[[Any, str, EventDict], EventDict]:
    return lambda _logger, _method, line: {**line, "worker": worker}


class RateLimit(logging.Filter):
    """Lets one line of each logger and call site through in a while.

    kafka-python repeats itself up to a hundred times a second while a broker is away.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._last: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        place = (record.pathname, record.lineno)
        now = time.monotonic()
        if now - self._last.get(place, -self._seconds) < self._seconds:
            return False
        self._last[place] = now
        return True
