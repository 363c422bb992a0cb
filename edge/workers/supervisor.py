"""`yardlight-edge run --workers N`: one process that starts the workers and answers for them."""

import time
from collections.abc import Iterator, Sequence
from threading import Event

from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import open_bundle
from deploy.bundle.signature import read_trust
from edge.kafka.client import check_settings
from edge.member import as_worker
from edge.observe import definitions as listed
from edge.observe.definitions import Metric
from edge.observe.logs import get_logger
from edge.observe.samples import Sample, SamplePage
from edge.observed import observed
from edge.settings.run import RunSettings
from edge.workers.health import JointHealth
from edge.workers.messages import Orders
from edge.workers.seat import Seat
from edge.workers.tally import Tally

_log = get_logger("supervisor")
_LOOK_AGAIN_SECONDS = 0.1
_LONGEST_LOOK = 1.0
"""What the time between two looks counts at most: while all were stopped, nobody was silent."""


class Supervisor:
    """`run` blocks until `stop` is called, from a signal handler or another thread."""

    left_behind: Sequence[str] = ()
    """It loads no engine, so no thread of its own is left in the midst of that."""

    def __init__(self, settings: RunSettings) -> None:
        workers = settings.processes.workers
        self._settings = settings
        self._tally = Tally(settings.operation.camera_metrics)
        self._seats = [
            Seat(Orders(as_worker(settings, number), number, workers), self._tally)
            for number in range(1, workers + 1)
        ]
        self._stop = Event()
        self._looked = time.monotonic()
        self.health = JointHealth(self._seats)

    def stop(self) -> None:
        """Have all workers finish the frames under way, commit, leave the group, all at once."""
        self._stop.set()

    def run(self) -> None:
        """Serve until stopped.

        Raises:
            Fatal: no worker can be started, or goes on to be; or one had to be killed at the end.
        """
        # What each worker would refuse is refused once, before any of them is there.
        check_settings(self._settings.kafka)
        open_bundle(self._settings.bundle, read_trust(self._settings.engine.trust).vouch)
        with observed(self._settings, SamplePage(self._page), self.health):
            try:
                self._watch()
            finally:
                self._end()
        self._insist_that_all_ended_well()

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_AGAIN_SECONDS):
            seconds = self._elapsed()
            for seat in self._seats:
                seat.tend(seconds)
            self.health.beat()
            for seat in self._seats:
                if seat.hopeless:
                    raise Fatal(seat.hopeless)

    def _end(self) -> None:
        self.health.stopping = True
        _log.info("stopping, the workers finish the frames under way")
        for seat in self._seats:
            seat.end()
        # The event may be set already, so it is no clock here.
        while not all(seat.ended() for seat in self._seats):
            self.health.beat()
            time.sleep(_LOOK_AGAIN_SECONDS)
        _log.info("all workers ended")

    def _insist_that_all_ended_well(self) -> None:
        ends = [
            f"worker {seat.number}: {seat.worker.how_it_ended()}"
            for seat in self._seats
            if seat.worker is not None and not seat.worker.ended_well
        ]
        if ends:
            raise Fatal(f"{'; '.join(ends)}; frames that were under way there will come again")

    def _elapsed(self) -> float:
        before, self._looked = self._looked, time.monotonic()
        return min(self._looked - before, _LONGEST_LOOK)

    def _page(self) -> list[Sample]:
        return [*self._tally.page(), *self._of_workers()]

    def _of_workers(self) -> Iterator[Sample]:
        for seat in self._seats:
            yield _sample(listed.WORKER_READY, seat.number, float(seat.report.ready))
            yield _sample(listed.WORKER_STARTS, seat.number, float(seat.starts))


def _sample(metric: Metric, worker: int, value: float) -> Sample:
    return Sample(metric.name, metric.series, (("worker", str(worker)),), value)
