"""When a worker is started again, and when that would be for nothing."""

from hypothesis import given
from hypothesis import strategies as st

from edge.workers.restarts import (
    FIRST_SECONDS,
    LONGEST_SECONDS,
    MOST_FAILED_STARTS,
    STABLE_SECONDS,
    Life,
    Restarts,
)

WORKED = Life(seconds=5.0, was_ready=True, refused=False)
CRASHED_AT_ONCE = Life(seconds=0.3, was_ready=False, refused=False)
REFUSED = Life(seconds=0.3, was_ready=False, refused=True)
lives = st.builds(Life, st.floats(0, 1e5), st.booleans(), st.booleans())


def test_what_is_refused_before_anything_worked_is_not_tried_again() -> None:
    assert Restarts().after(REFUSED) is None


def test_what_is_refused_after_it_worked_is_tried_again_a_few_times() -> None:
    restarts = Restarts()
    assert restarts.after(WORKED) is not None
    tries = [restarts.after(REFUSED) for _ in range(MOST_FAILED_STARTS)]
    assert None not in tries[:-1]
    assert tries[-1] is None


def test_a_crash_before_anything_worked_is_tried_again_a_few_times() -> None:
    restarts = Restarts()
    tries = [restarts.after(CRASHED_AT_ONCE) for _ in range(MOST_FAILED_STARTS)]
    assert None not in tries[:-1]
    assert tries[-1] is None


def test_each_death_doubles_the_wait_up_to_a_limit() -> None:
    restarts = Restarts()
    waits = [restarts.after(WORKED) for _ in range(9)]
    doubled = [FIRST_SECONDS * 2**death for death in range(9)]
    assert waits == [min(wait, LONGEST_SECONDS) for wait in doubled]


def test_a_long_life_makes_the_next_wait_short_again() -> None:
    restarts = Restarts()
    for _ in range(5):
        restarts.after(WORKED)
    assert restarts.after(Life(STABLE_SECONDS, True, False)) == FIRST_SECONDS


@given(st.lists(lives, max_size=40))
def test_it_never_waits_longer_than_the_limit_nor_gives_up_on_what_works(story: list[Life]) -> None:
    restarts = Restarts()
    for life in story:
        wait = restarts.after(life)
        assert wait is None or FIRST_SECONDS <= wait <= LONGEST_SECONDS
        assert wait is not None or not life.was_ready
