"""Stage three as the other stages know it: a bounded queue of outcomes, emptied to the end."""

from queue import Empty, Full, Queue
from threading import Event

from edge.outcome import Outcome

_WAIT = 0.05
_QUEUED_BATCHES = 64


class Outlet:
    """Takes batches of outcomes until it is finished, or abandoned."""

    def __init__(self) -> None:
        self._outcomes: Queue[list[Outcome]] = Queue(maxsize=_QUEUED_BATCHES)
        self._finishing = False
        self._abandoned = Event()

    def run(self) -> None:
        """Publish until everything is acknowledged after `finish`, or until `abandon`. If that
        fails, whoever waits in `put` is let go: nobody takes anything any more.
        """
        try:
            self._publish()
        finally:
            self._abandoned.set()

    def _publish(self) -> None:
        raise NotImplementedError

    def put(self, outcomes: list[Outcome]) -> None:
        """Hand over a batch; waits while the broker is behind."""
        while not self._abandoned.is_set():
            try:
                self._outcomes.put(outcomes, timeout=_WAIT)
            except Full:
                continue
            return

    def offer(self, outcomes: list[Outcome]) -> bool:
        """Hand over without waiting; whether there was room."""
        try:
            self._outcomes.put_nowait(outcomes)
        except Full:
            return False
        return True

    def finish(self) -> None:
        """No more outcomes will come: `run` ends once everything is acknowledged."""
        self._finishing = True

    def abandon(self) -> None:
        """The time to finish is over: `run` ends now."""
        self._abandoned.set()

    def _next(self, seconds: float = _WAIT) -> list[Outcome]:
        """The next batch, empty if none came within `seconds`."""
        try:
            return self._outcomes.get(timeout=seconds) if seconds > 0 else self._outcomes.get(False)
        except Empty:
            return []

    @property
    def _over(self) -> bool:
        return self._abandoned.is_set() or (self._finishing and self._idle)

    @property
    def _idle(self) -> bool:
        return self._outcomes.empty()
