"""One answer for all workers."""

from dataclasses import dataclass, field

import pytest

from edge.observe.health import SILENT_SECONDS
from edge.workers.health import JointHealth
from edge.workers.messages import Report
from tests.clock import Clock

RUNS = Report(started=True, ready=True, phase="running")


@dataclass
class Seat:
    number: int
    report: Report = field(default_factory=Report)


def joint(*reports: Report) -> JointHealth:
    health = JointHealth([Seat(number, it) for number, it in enumerate(reports, 1)])
    health.beat()
    return health


@pytest.mark.parametrize("probe", ["startup", "ready"])
def test_one_that_is_missing_keeps_the_answer_back_and_is_named(probe: str) -> None:
    builds = Report(phase="building the engine: 3 of 9")
    expected = "workers 1, 3: running; worker 2: building the engine: 3 of 9"
    assert joint(RUNS, builds, RUNS).probe(probe) == (False, expected)


@pytest.mark.parametrize("probe", ["startup", "ready"])
def test_when_all_run_one_word_is_enough(probe: str) -> None:
    assert joint(RUNS, RUNS).probe(probe) == (True, "running")


def test_a_service_that_once_started_has_started_while_a_worker_is_replaced() -> None:
    seats = [Seat(1, RUNS), Seat(2, RUNS)]
    health = JointHealth(seats)
    health.beat()
    seats[1].report = Report()
    health.beat()
    assert health.probe("startup")[0]
    assert health.probe("ready") == (False, "worker 1: running; worker 2: starting")


def test_who_stops_is_not_ready_though_the_workers_are() -> None:
    health = joint(RUNS, RUNS)
    health.stopping = True
    assert not health.probe("ready")[0]


def test_it_is_alive_while_the_supervisor_looks_after_its_workers() -> None:
    clock = Clock()
    health = JointHealth([Seat(1)], clock)
    clock.now += SILENT_SECONDS
    assert health.probe("live") == (True, "alive")
    clock.now += 0.1
    assert health.probe("live") == (False, "no sign of life from the supervisor for 30 s")
    health.beat()
    assert health.probe("live")[0]


def test_an_unknown_probe_is_an_error() -> None:
    with pytest.raises(KeyError):
        joint(RUNS).probe("alive")
