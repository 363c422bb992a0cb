"""The threads of the service: who is at work, who is silent, and what happens when one dies."""

from collections.abc import Callable
from threading import Event, current_thread

import pytest

from deploy.bundle.errors import Fatal
from edge.pipeline.crew import Crew
from tests.clock import Clock


def die() -> None:
    raise Fatal("the device is gone")


def wait_for(event: Event) -> Callable[[], None]:
    def wait() -> None:
        event.wait()

    return wait


def test_a_body_runs_in_a_thread_of_its_name() -> None:
    crew, names = Crew(Clock()), []
    crew.start("poll", lambda: names.append(current_thread().name))
    assert crew.join(60) == []
    assert names == ["poll"]


def test_who_is_in_a_library_for_long_need_not_be_heard_of_meanwhile() -> None:
    clock = Clock()
    crew = Crew(clock)
    crew.beat("poll")
    crew.beat("rollout")
    with crew.excused("rollout"):
        clock.now += 100
        assert crew.silent_for() == {"poll": 100}
    assert crew.silent_for() == {"poll": 100, "rollout": 0}


def test_a_thread_that_ends_by_itself_stops_nobody() -> None:
    crew = Crew(Clock())
    crew.start("poll", lambda: None)
    crew.join(60)
    assert not crew.stopping
    assert crew.failure is None


def test_a_thread_that_dies_stops_the_crew_and_says_why() -> None:
    crew = Crew(Clock())
    crew.start("infer-0", die)
    assert crew.wait(60)
    crew.join(60)
    assert str(crew.failure) == "the device is gone"


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, RecursionError])
def test_whatever_a_thread_dies_of_is_not_overlooked(kind: type[BaseException]) -> None:
    def die_of_it() -> None:
        raise kind

    crew = Crew(Clock())
    crew.start("poll", die_of_it)
    assert crew.wait(60)
    assert isinstance(crew.failure, kind)


def test_the_first_failure_is_the_one_that_counts() -> None:
    crew = Crew(Clock())

    def fall_with_it() -> None:
        crew.wait()
        raise RuntimeError("no device to work with")

    crew.start("infer-1", fall_with_it)
    crew.start("infer-0", die)
    crew.join(60)
    assert isinstance(crew.failure, Fatal)


def test_waiting_ends_when_the_crew_is_to_stop() -> None:
    crew, stopped = Crew(Clock()), []
    crew.start("poll", lambda: stopped.append(crew.wait()))
    assert not crew.wait(0)
    crew.stop()
    crew.join(60)
    assert stopped == [True]


def test_a_thread_is_silent_since_its_last_beat() -> None:
    clock, done = Clock(), Event()
    crew = Crew(clock)
    crew.start("poll", wait_for(done))
    crew.start("publish", wait_for(done))
    clock.now += 20
    crew.beat("publish")
    clock.now += 11
    assert crew.silent_for() == {"poll": 31, "publish": 11}
    done.set()


def test_a_thread_that_ended_is_not_called_silent() -> None:
    clock = Clock()
    crew = Crew(clock)
    crew.start("poll", lambda: None)
    crew.start("infer-0", die)
    crew.join(60)
    clock.now += 100
    assert crew.silent_for() == {}


def test_threads_may_come_while_the_others_are_counted() -> None:
    names = iter(("infer-0", "infer-1"))

    class Moment(float):
        """Another thread comes in the middle of the count."""

        def __sub__(self, other: float) -> float:
            crew.beat(next(names))
            return float(self) - other

    crew = Crew(lambda: Moment(1010))
    crew.beat("poll")
    crew.beat("publish")
    assert crew.silent_for() == {"poll": 0, "publish": 0}


def test_joining_names_those_who_did_not_end_and_leaves_out_the_one_it_should() -> None:
    crew, done = Crew(Clock()), Event()
    crew.start("poll", lambda: None)
    crew.start("infer-0", wait_for(done))
    crew.start("publish", wait_for(done))
    assert crew.join(0.01, but={"publish"}) == ["infer-0"]
    assert sorted(crew.join(0.01)) == ["infer-0", "publish"]
    done.set()
    assert crew.join(60) == []


def test_the_time_to_join_is_for_all_of_them_together() -> None:
    clock, done = Clock(step=30.0), Event()
    crew = Crew(clock)
    for name in ("poll", "infer-0", "publish"):
        crew.start(name, wait_for(done))
    assert crew.join(30) == ["poll", "infer-0", "publish"]
    done.set()


def test_a_crew_whose_thread_died_may_start_over() -> None:
    crew, done = Crew(Clock()), Event()
    crew.start("publish", die)
    assert crew.wait(60)
    assert crew.start_over()
    assert not crew.stopping
    assert crew.failure is None
    crew.start("publish", done.set)
    assert crew.join(60) == []
    assert done.is_set()


def test_a_crew_that_was_told_to_stop_does_not_start_over() -> None:
    crew = Crew(Clock())
    crew.start("publish", die)
    assert crew.wait(60)
    crew.stop()
    assert not crew.start_over()
    assert crew.stopping
    assert crew.failure is None  # the next start goes on from where this one could not
