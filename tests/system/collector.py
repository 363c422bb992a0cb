"""A collector of traces: takes OTLP over HTTP and keeps the spans."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """Listens on a free port of 127.0.0.1, for `with`."""

    def __init__(self) -> None:
        self._spans: list[Any] = []
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    def __enter__(self) -> "Collector":
        Thread(target=self._server.serve_forever, name="collector", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1/traces"

    def spans(self, trace: str) -> list[Any]:
        """Spans of a trace that have come so far, by their start."""
        with self._lock:
            found = [span for span in self._spans if span.trace_id.hex() == trace]
        return sorted(found, key=lambda span: (span.start_time_unix_nano, span.name))

    def count(self) -> int:
        with self._lock:
            return len(self._spans)

    def _take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        with self._lock:
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    self._spans.extend(scope.spans)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                take(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Nobody reads it."""

        return Handler


def attributes(span: Any) -> dict[str, Any]:
    """What a span says, by name."""
    return {
        it.key: it.value.int_value if it.value.HasField("int_value") else it.value.string_value
        for it in span.attributes
    }
