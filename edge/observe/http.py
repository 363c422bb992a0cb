"""One port for /metrics and /health."""

from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from threading import Thread
from types import TracebackType
from typing import Any, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from deploy.bundle.errors import Fatal


class Counted(Protocol):
    """What has a page of metrics."""

    @property
    def registry(self) -> CollectorRegistry: ...


class Probed(Protocol):
    """What answers the probes of an orchestrator."""

    def probe(self, name: str) -> tuple[bool, str]:
        """Answer `startup`, `ready` or `live`: whether, and a sentence.

        Raises:
            KeyError: there is no such probe.
        """


class ObservationServer:
    """Serves metrics and health while it is entered."""

    def __init__(self, host: str, port: int, metrics: Counted, health: Probed) -> None:
        self._host = host
        self._port = port
        self._metrics = make_wsgi_app(metrics.registry)
        self._health = health
        self._server: WSGIServer | None = None

    def __enter__(self) -> "ObservationServer":
        try:
            self._server = make_server(
                self._host, self._port, self._answer, _Server, handler_class=_Handler
            )
        except OSError as error:
            raise Fatal(
                f"metrics-port {self._port} on {self._host} cannot be used: {error.strerror}"
            ) from error
        thread = Thread(target=self._server.serve_forever, name="observe", daemon=True)
        thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def port(self) -> int:
        """The port that is served, also where 0 asked for a free one."""
        return self._server.server_port if self._server else self._port

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if path == "/metrics":
            page: Iterable[bytes] = self._metrics(environ, start)
            return page
        if path.startswith("/health/"):
            return self._probe(path.removeprefix("/health/"), start)
        start("404 Not Found", [("Content-Type", "text/plain")])
        return [b"/metrics /health/startup /health/ready /health/live\n"]

    def _probe(self, name: str, start: Callable[..., Any]) -> Iterable[bytes]:
        try:
            good, sentence = self._health.probe(name)
        except KeyError:
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"startup, ready or live\n"]
        status = "200 OK" if good else "503 Service Unavailable"
        start(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{sentence}\n".encode()]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    # A port that another process serves must be refused, not shared; one just closed may be reused.
    allow_reuse_address = True

    def server_bind(self) -> None:
        """Bind without asking the name service for our own name, which can take seconds."""
        from socketserver import TCPServer

        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Scrapes are not news."""
