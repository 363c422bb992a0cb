"""A place for one worker: the process that has it, and when the next one may take it."""

from dataclasses import dataclass, field

from edge.observe.logs import get_logger
from edge.workers import worker as processes
from edge.workers.messages import Orders, Report
from edge.workers.restarts import MOST_FAILED_STARTS, Life, Restarts
from edge.workers.tally import Tally
from edge.workers.worker import Worker

_log = get_logger("supervisor")
_LEAVING_SECONDS = 15.0
"""Beyond the drain budget: to flush, to commit and to leave the group. Whoever stops the service is
told to wait for five seconds more."""


@dataclass(slots=True)
class Seat:
    """Used by one thread; `report` and `starts` may be read by others."""

    orders: Orders
    tally: Tally
    worker: Worker | None = None
    starts: int = 0
    hopeless: str = ""
    """Why no other process would do better, in a sentence; empty while one might."""
    _restarts: Restarts = field(default_factory=Restarts)
    _due_in: float = 0.0

    @property
    def number(self) -> int:
        return self.orders.number

    @property
    def report(self) -> Report:
        """The newest of the process that sits here; what a starting one would say if there is
        none.
        """
        worker = self.worker
        return (worker.report if worker is not None else None) or Report()

    def tend(self, seconds: float) -> None:
        """Look after it, `seconds` after the last time."""
        if self.worker is None:
            self._due_in -= seconds
            if self._due_in <= 0 and not self.hopeless:
                self._start()
            return
        self.worker.tick(seconds)
        if self.worker.ended:
            self._replace(self.worker)
        elif not self.worker.leaving and (trouble := self.worker.trouble):
            _log.error("a worker is stuck, ending it", worker=self.number, why=trouble)
            self.end(trouble)

    def end(self, why: str = "") -> None:
        """Ask the process to end, and see to it that it does."""
        if self.worker is not None:
            self.worker.end(self.orders.settings.limits.drain_seconds + _LEAVING_SECONDS, why)

    def ended(self) -> bool:
        """Whether nobody works here any more; kills whoever takes too long to end."""
        if self.worker is None:
            return True
        self.worker.tick(0.0)
        return self.worker.ended

    def _start(self) -> None:
        self.starts += 1
        number, tally = self.number, self.tally
        self.worker = processes.start(self.orders, lambda it: tally.note(number, it.samples))
        _log.info("worker started", worker=number, pid=self.worker.pid)

    def _replace(self, worker: Worker) -> None:
        why = worker.how_it_ended()
        refused = bool(self.report.failure)
        self.worker = None
        self.tally.close(self.number)
        delay = self._restarts.after(Life(worker.lived, worker.was_ready, refused))
        _log.error("a worker ended", worker=self.number, why=why, again_in_seconds=delay)
        if delay is not None:
            self._due_in = delay
        else:
            self.hopeless = why if refused else f"{self._in_vain}: {why}"

    @property
    def _in_vain(self) -> str:
        return f"worker {self.number} was started {MOST_FAILED_STARTS} times and never ready"
