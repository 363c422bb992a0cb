"""What the probes of an orchestrator are told, and how the service's threads are watched."""

import pytest

from edge.observe.health import SILENT_SECONDS, Health


def health(**silent: float) -> Health:
    """Threads by name with the seconds since each was last heard of."""
    return Health(lambda: silent)


@pytest.mark.parametrize("probe", ["startup", "ready"])
def test_a_service_that_starts_is_alive_and_says_what_it_waits_for(probe: str) -> None:
    starting = health(poll=0.1)
    starting.phase = "waiting for Kafka"
    assert starting.probe(probe) == (False, "waiting for Kafka")
    assert starting.probe("live") == (True, "alive")


def test_a_service_that_runs_answers_yes_to_all() -> None:
    running = health(poll=0.1)
    running.started = running.ready = True
    running.phase = "running"
    assert running.probe("startup") == running.probe("ready") == (True, "running")


def test_a_service_that_stops_has_started_and_takes_no_more() -> None:
    stopping = health(poll=0.1)
    stopping.started, stopping.ready, stopping.phase = True, False, "stopping"
    assert stopping.probe("startup")[0]
    assert stopping.probe("ready") == (False, "stopping")


def test_a_silent_thread_is_named_once_it_is_silent_for_too_long() -> None:
    assert health(poll=SILENT_SECONDS).probe("live")[0]
    stuck = health(poll=SILENT_SECONDS + 0.1, publish=0.0, infer=SILENT_SECONDS + 9)
    assert stuck.probe("live") == (False, "no sign of life from poll, infer for 30 s")


def test_without_threads_there_is_nothing_that_could_be_stuck() -> None:
    assert health().probe("live") == (True, "alive")


@pytest.mark.parametrize("name", ["", "liveness", "_live"])
def test_an_unknown_probe_is_an_error(name: str) -> None:
    with pytest.raises(KeyError):
        health().probe(name)
