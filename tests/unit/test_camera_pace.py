"""Keeping a rate, on a clock that moves only when somebody waits or a picture takes its time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from types import SimpleNamespace

import pytest

from edge.cameras import pace as module
from edge.cameras.pace import Pace
from edge.cameras.picture import Picture


@dataclass(slots=True)
class Clock:
    now: float = 1000.0
    waits: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> bool:
        """As `Event.wait`, of an event that never comes."""
        self.waits.append(round(seconds, 6))
        self.now += seconds
        return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def pictures(before: Callable[[int], None] = lambda _: None) -> Iterator[Picture]:
    """Endless pictures; `before` is told the number of each as it is asked for."""
    for number in count():
        before(number)
        yield Picture("gate-1", str(number).encode())


def given(paced: Iterator[Picture]) -> list[bytes]:
    return [picture.data for picture in paced]


def test_without_a_rate_pictures_come_as_fast_as_they_are_asked_for(clock: Clock) -> None:
    assert len(given(Pace(count=100).paced(pictures(), clock.wait))) == 100
    assert clock.now == 1000.0


def test_with_a_rate_the_first_comes_at_once_and_the_others_in_its_time(clock: Clock) -> None:
    times = [clock.now - 1000.0 for _ in Pace(4.0, 5).paced(pictures(), clock.wait)]
    assert times == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_the_time_that_a_picture_takes_is_part_of_the_interval(clock: Clock) -> None:
    def take(_: int) -> None:
        clock.now += 0.125

    times = [clock.now - 1000.0 for _ in Pace(4.0, 4).paced(pictures(take), clock.wait)]
    assert times == [0.125, 0.25, 0.5, 0.75]


def test_a_source_that_is_too_slow_is_never_waited_for(clock: Clock) -> None:
    def take(_: int) -> None:
        clock.now += 0.5

    times = [clock.now - 1000.0 for _ in Pace(4.0, 4).paced(pictures(take), clock.wait)]
    assert times == [0.5, 1.0, 1.5, 2.0]


def test_a_long_stall_is_not_made_up_for_in_a_burst(clock: Clock) -> None:
    def stall(number: int) -> None:
        clock.now += 10.0 if number == 3 else 0.0

    given(Pace(2.0, 9).paced(pictures(stall), clock.wait))
    assert clock.waits == [0.0, 0.5, 0.5, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5]


def test_a_count_takes_no_more_pictures_from_the_source_than_it_gives(clock: Clock) -> None:
    asked: list[int] = []
    assert given(Pace(count=2).paced(pictures(asked.append), clock.wait)) == [b"0", b"1"]
    assert asked == [0, 1]


def test_a_source_that_ends_before_the_count_ends_it(clock: Clock) -> None:
    assert len(given(Pace(count=9).paced(islice(pictures(), 3), clock.wait))) == 3


def test_seconds_end_it(clock: Clock) -> None:
    assert len(given(Pace(5.0, seconds=2.0).paced(pictures(), clock.wait))) == 11
    assert clock.now - 1000.0 == pytest.approx(2.0)


def test_seconds_are_counted_from_the_first_picture(clock: Clock) -> None:
    def draw(number: int) -> None:
        clock.now += 10.0 if number == 0 else 0.0

    given(Pace(5.0, seconds=2.0).paced(pictures(draw), clock.wait))
    assert clock.now - 1000.0 == pytest.approx(12.0)


@pytest.mark.parametrize("rate", [None, 5.0])
def test_whoever_stops_it_gets_no_further_picture(rate: float | None, clock: Clock) -> None:
    answers = iter([False, False, True])
    assert clock.now
    assert len(given(Pace(rate).paced(pictures(), lambda _: next(answers)))) == 2
