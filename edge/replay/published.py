"""Classifications of a rerun on their way to its own topic."""

from threading import BoundedSemaphore

from deploy.bundle.errors import Unavailable
from edge.kafka.producer import RecordSink
from edge.record import Message

_IN_FLIGHT = 256
_LAST_SECONDS = 30.0


class Published:
    """Sends what it is given and counts what the broker acknowledged."""

    def __init__(self, sink: RecordSink) -> None:
        self._sink = sink
        self._slots = BoundedSemaphore(_IN_FLIGHT)
        self._failure: BaseException | None = None
        self.count = 0

    def send(self, message: Message) -> None:
        """Hand a record over; waits while too many are under way.

        Raises:
            Unavailable: one before it was not acknowledged.
        """
        self._slots.acquire()
        self._check()
        self._sink.send(message, self._answered)

    def finish(self) -> None:
        """Wait until all are acknowledged.

        Raises:
            Unavailable: one was not.
        """
        self._sink.flush(_LAST_SECONDS)
        self._check()

    def _answered(self, error: BaseException | None) -> None:
        """Runs on kafka-python's thread, one answer after the other."""
        if error is None:
            self.count += 1
        else:
            self._failure = error
        self._slots.release()

    def _check(self) -> None:
        if self._failure is not None:
            raise Unavailable(f"a classification was not written: {self._failure}") from None
