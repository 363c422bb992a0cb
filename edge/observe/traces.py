"""Traces of frames by OTLP: the one door to OpenTelemetry.

A frame's stamps hold all that its spans say, so they are made when it is done, in one place, and
the stages know nothing of them.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Any, final
from urllib.parse import urlsplit

from deploy.bundle.errors import Fatal, MissingDriver
from edge.outcome import Outcome
from edge.spans import Span, SpanWriter

_EXPORT_SECONDS = 2.0
"""A collector that does not answer may hold up the end of the service by so long."""
_NANO = 1_000_000_000


@final
class Traces:
    """Hands the spans of frames to a collector, for `with`; without an endpoint does nothing."""

    def __init__(
        self,
        endpoint: str | None,
        share: float,
        writer: SpanWriter,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        """`share` of the frames that come without a trace begin one, 0 to 1."""
        self._endpoint = endpoint
        self._share = share
        self._writer = writer
        self._clock = clock
        self._wall = wall
        self._provider: Any = None
        self._tracer: Any = None

    def __enter__(self) -> "Traces":
        """Set up the export; the collector need not be there.

        Raises:
            MissingDriver: OpenTelemetry is not installed.
            Fatal: the endpoint is no address.
        """
        if self._endpoint is not None:
            self._provider = _provider(self._endpoint, self._share)
            self._tracer = self._provider.get_tracer("yardlight")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._provider is not None:
            self._provider.shutdown()

    def note(self, outcome: Outcome) -> None:
        """A frame is done: queue its spans. Never waits; a full queue drops them."""
        if self._tracer is None:
            return
        whole, *stages = self._writer.write(outcome)
        behind = self._wall() - self._clock()
        made = self._start(whole, behind, _parent(outcome.frame.traceparent))
        if made.is_recording():
            within = _inside(made)
            for stage in stages:
                _end(self._start(stage, behind, within), stage, behind)
        _end(made, whole, behind)

    def _start(self, span: Span, behind: float, parent: Any) -> Any:
        from opentelemetry.trace import SpanKind

        return self._tracer.start_span(
            span.name,
            context=parent,
            kind=SpanKind[span.kind.upper()],
            attributes=dict(span.attributes),
            start_time=_nanoseconds(span.start + behind),
        )


def _provider(endpoint: str, share: float) -> Any:
    if urlsplit(endpoint).scheme not in ("http", "https"):
        raise Fatal(f"trace-endpoint {endpoint!r} is not like http://collector:4318/v1/traces")
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
    except ImportError:
        raise MissingDriver("opentelemetry-sdk", "otel") from None
    provider = TracerProvider(
        sampler=ParentBasedTraceIdRatio(share),
        resource=Resource.create({"service.name": "yardlight"}),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(endpoint=endpoint, timeout=_EXPORT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _parent(traceparent: str | None) -> Any:
    """The context that the frame came with; an empty one, so that it begins a trace, if none."""
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier = {"traceparent": traceparent} if traceparent else {}
    return TraceContextTextMapPropagator().extract(carrier, Context())


def _inside(span: Any) -> Any:
    from opentelemetry.context import Context
    from opentelemetry.trace import set_span_in_context

    return set_span_in_context(span, Context())


def _end(made: Any, span: Span, behind: float) -> None:
    if span.error:
        from opentelemetry.trace import Status, StatusCode

        made.set_status(Status(StatusCode.ERROR, span.error))
    made.end(_nanoseconds(span.end + behind))


def _nanoseconds(seconds: float) -> int:
    return int(seconds * _NANO)
