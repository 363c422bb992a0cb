"""A worker's process, heard and ended: small programs stand for the service."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import cast

import pytest

from deploy.bundle.errors import Fatal
from deploy.engines import device
from deploy.engines.device import core_count, share_cores
from edge.member import as_worker, member_name
from edge.observe.health import SILENT_SECONDS, Health
from edge.observe.metrics import Metrics
from edge.observe.samples import Sample
from edge.service import Service
from edge.settings.delivery import DeliverySettings
from edge.settings.engine import EngineSettings
from edge.settings.operation import OperationSettings
from edge.settings.processes import ProcessSettings
from edge.settings.run import RunSettings
from edge.workers import seat as seats
from edge.workers import worker as processes
from edge.workers.messages import Orders, Report, read_orders, read_report, write
from edge.workers.reporting import Reporting
from edge.workers.restarts import FIRST_SECONDS, LONGEST_SECONDS, MOST_FAILED_STARTS
from edge.workers.seat import Seat
from edge.workers.tally import Tally
from edge.workers.worker import START_SECONDS
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.slow
SETTINGS = RunSettings(
    bundle=Path("yard"),
    engine=EngineSettings(trust=(Path("a.pem"), Path("b.pem"))),
    delivery=DeliverySettings(member="box-7"),
    processes=ProcessSettings(workers=2),
)
COUNTED = Sample("yardlight_frames", "yardlight_frames_total", (("outcome", "classified"),), 7.0)
RUNS = write(Report(started=True, ready=True, phase="running", samples=(COUNTED,)))
BEGIN = """
import os, signal, sys, time
from multiprocessing.connection import Connection
channel = Connection(int(sys.argv[1]))
orders = channel.recv_bytes()
"""
WAIT = "\ntime.sleep(600)\n"


Program = Callable[[str], None]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Program:
    """Chooses what runs in place of a worker."""

    def choose(text: str) -> None:
        command = [sys.executable, "-c", BEGIN + text]
        monkeypatch.setattr(processes, "own_program", lambda _: command)

    return choose


@pytest.fixture
def seat() -> Iterator[Seat]:
    made = Seat(Orders(SETTINGS, 2, 2), Tally(0))
    yield made
    if made.worker is not None and not made.worker.ended:
        os.kill(made.worker.pid, signal.SIGKILL)
        made.worker.how_it_ended()


def says(report: bytes) -> str:
    return f"channel.send_bytes({report!r})"


def until_ended(seat: Seat, starts: int = 1) -> None:
    """Tend the seat until as many processes have sat there and none does."""

    def ended() -> bool:
        seat.tend(0.0)
        return seat.worker is None and seat.starts == starts

    wait_until(ended, "the end of the process")


def classified(tally: Tally) -> float:
    return sum(sample.value for sample in tally.page() if sample.key == COUNTED.key)


def test_orders_reach_the_worker_as_they_were_given() -> None:
    orders = Orders(SETTINGS, 2, 4)
    assert read_orders(write(orders)) == orders


def test_a_worker_that_reports_is_counted_and_stops_when_asked(
    program: Program, seat: Seat
) -> None:
    program(says(RUNS) + WAIT)
    seat.tend(0.0)
    wait_until(lambda: seat.report.ready, "its report")
    assert classified(seat.tally) == 7
    seat.end()
    wait_until(seat.ended, "its end")
    assert seat.worker is not None
    assert seat.worker.ended_well


def test_a_worker_that_is_killed_is_started_again_and_what_it_counted_stays(
    program: Program, seat: Seat
) -> None:
    program(says(RUNS) + WAIT)
    for life in (1, 2):
        seat.tend(LONGEST_SECONDS)
        wait_until(lambda: seat.report.ready, "its report")
        assert (seat.starts, classified(seat.tally)) == (life, 7.0 * life)
        assert seat.worker is not None
        os.kill(seat.worker.pid, signal.SIGKILL)
        until_ended(seat, life)
        assert not seat.hopeless
        assert classified(seat.tally) == 7.0 * life


def test_what_is_refused_at_the_first_start_is_passed_on_as_it_was_said(
    program: Program, seat: Seat
) -> None:
    program(says(write(Report(failure="no engine fits"))) + "; sys.exit(1)")
    seat.tend(0.0)
    until_ended(seat)
    assert seat.hopeless == "no engine fits"
    seat.tend(1000.0)
    assert seat.worker is None


def test_a_process_that_dies_at_each_start_is_given_up_and_says_of_what(
    program: Program, seat: Seat
) -> None:
    program("os.kill(os.getpid(), signal.SIGSEGV)")
    for life in range(1, MOST_FAILED_STARTS + 1):
        seat.tend(LONGEST_SECONDS)
        until_ended(seat, life)
    assert seat.starts == MOST_FAILED_STARTS
    assert seat.hopeless == "worker 2 was started 5 times and never ready: it was ended by SIGSEGV"


def test_a_worker_whose_threads_are_stuck_is_ended_and_replaced(
    program: Program, seat: Seat, capsys: pytest.CaptureFixture[str]
) -> None:
    program(says(write(Report(ready=True, stuck="no sign of life from poll for 30 s"))) + WAIT)
    seat.tend(0.0)
    wait_until(lambda: bool(seat.report.stuck), "its report")
    until_ended(seat)
    assert not seat.hopeless
    assert capsys.readouterr().out.count("a worker is stuck") == 1


def test_a_worker_that_never_says_a_word_is_ended(program: Program, seat: Seat) -> None:
    program(WAIT)
    seat.tend(0.0)
    assert seat.worker is not None
    seat.tend(START_SECONDS)
    assert seat.worker.trouble == ""
    seat.tend(0.1)
    until_ended(seat)
    seat.tend(FIRST_SECONDS)
    assert seat.starts == 2


def test_a_worker_that_falls_silent_is_in_trouble_until_it_speaks_again(
    program: Program, seat: Seat
) -> None:
    program(says(RUNS) + "; channel.recv_bytes(); " + says(RUNS) + WAIT)
    seat.tend(0.0)
    wait_until(lambda: seat.report.ready, "its report")
    assert seat.worker is not None
    seat.worker.tick(SILENT_SECONDS)
    assert seat.worker.trouble == ""
    seat.worker.tick(0.1)
    assert seat.worker.trouble == "it has said nothing for 30 s"
    seat.worker._channel.send_bytes(b"say something")
    wait_until(lambda: seat.worker is not None and not seat.worker.trouble, "another report")


def test_a_worker_stops_when_nobody_hears_it() -> None:
    """Where the kernel does not end it with its supervisor."""
    ours, its = Pipe()
    stopped = Event()
    service = SimpleNamespace(health=Health(dict), metrics=Metrics(), stop=stopped.set)
    with its, Reporting(its, cast(Service, service)):
        assert read_report(ours.recv_bytes()).phase == "starting"
        ours.close()
        assert stopped.wait(PATIENCE)


def test_the_last_report_says_what_ended_the_worker() -> None:
    ours, its = Pipe()
    service = SimpleNamespace(health=Health(dict), metrics=Metrics(), stop=lambda: None)
    with ours, its:
        with pytest.raises(Fatal), Reporting(its, cast(Service, service)):
            raise Fatal("the topic is gone")
        reports = [read_report(ours.recv_bytes()) for _ in range(2)]
    assert [report.failure for report in reports] == ["", "the topic is gone"]


def test_a_worker_that_does_not_end_in_time_is_killed(
    program: Program, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seats, "_LEAVING_SECONDS", -SETTINGS.limits.drain_seconds)
    program("signal.signal(signal.SIGTERM, signal.SIG_IGN);" + says(RUNS) + WAIT)
    seat.tend(0.0)
    wait_until(lambda: seat.report.ready, "its report")
    seat.end()
    wait_until(seat.ended, "its end")
    assert seat.worker is not None
    assert not seat.worker.ended_well
    assert seat.worker.how_it_ended() == "it was ended by SIGKILL"


def test_each_worker_is_a_member_of_its_own_by_the_same_name_after_every_start() -> None:
    names = [as_worker(SETTINGS, number).delivery.member for number in (1, 2)]
    assert names == ["box-7-worker-1", "box-7-worker-2"]
    by_port = RunSettings(bundle=Path("yard"), operation=OperationSettings(metrics_port=9200))
    assert member_name(as_worker(by_port, 1)) == f"{member_name(by_port)}-worker-1"


@pytest.mark.parametrize(("cores", "workers"), [(8, 2), (8, 3), (2, 2), (2, 4), (1, 1), (5, 5)])
def test_the_cores_are_shared_out_and_nobody_goes_without(
    monkeypatch: pytest.MonkeyPatch, cores: int, workers: int
) -> None:
    monkeypatch.setattr(device, "_usable_cores", lambda: cores)
    monkeypatch.setattr(device, "_share", SimpleNamespace(part=0, parts=1))
    shares = []
    for part in range(workers):
        share_cores(part, workers)
        shares.append(core_count())
    assert sum(shares) == max(cores, workers)
    assert max(shares) - min(shares) <= 1
