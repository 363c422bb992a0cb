"""A worker tells its supervisor how it is, and ends when there is nobody to tell."""

from multiprocessing.connection import Connection
from threading import Event, Thread
from types import TracebackType

from deploy.bundle.errors import YardlightError
from edge.observe.logs import get_logger
from edge.observe.samples import read_samples
from edge.service import Service
from edge.workers.messages import Report, write

_log = get_logger("worker")
_EVERY_SECONDS = 0.5
_LAST_WORD_SECONDS = 2.0


class Reporting:
    """While within `with`, and once more at its end, with what ended it."""

    def __init__(self, channel: Connection, service: Service) -> None:
        self._channel = channel
        self._service = service
        self._over = Event()
        self._failure = ""
        self._thread = Thread(target=self._run, name="reporting", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, (YardlightError, OSError)):
            self._failure = str(error)
        self._over.set()
        self._thread.join(_LAST_WORD_SECONDS)

    def _run(self) -> None:
        try:
            self._report_until_over()
        except OSError:
            _log.error("the supervisor is gone")
            self._service.stop()

    def _report_until_over(self) -> None:
        self._report()
        while not self._over.wait(_EVERY_SECONDS):
            if self._channel.poll():  # it says nothing after the orders: this is the end
                raise BrokenPipeError
            self._report()
        self._report()

    def _report(self) -> None:
        health = self._service.health
        alive, stuck = health.probe("live")
        report = Report(
            started=health.started,
            ready=health.ready,
            phase=health.probe("startup")[1],
            stuck="" if alive else stuck,
            failure=self._failure,
            samples=tuple(read_samples(self._service.metrics.registry)),
        )
        self._channel.send_bytes(write(report))
