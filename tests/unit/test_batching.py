"""How many frames an idle session takes."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deploy.engines.protocol import CostCurve
from edge.batching import Batcher

# A run costs 4 ms and 1 ms a frame up to 8; beyond, the cores are full and it costs 4 ms a frame.
KNEE = CostCurve(((1, 0.005), (2, 0.006), (4, 0.008), (8, 0.012), (16, 0.044)))
LINEAR = CostCurve(((1, 0.010), (16, 0.160)))


def batcher(cost: CostCurve = KNEE, max_batch: int = 16, budget: float = 1.0) -> Batcher:
    return Batcher(cost, max_batch, budget)


def test_an_idle_session_takes_nothing_only_where_nothing_waits() -> None:
    assert batcher().size(waiting=0, oldest_age=0.0, idle=1) == 0
    assert batcher().size(waiting=1, oldest_age=0.0, idle=1) == 1


def test_a_single_frame_is_taken_by_the_first_of_many_idle_sessions() -> None:
    assert batcher().size(waiting=1, oldest_age=0.0, idle=16) == 1


def test_a_batch_is_taken_where_it_makes_frames_wait_less() -> None:
    assert batcher().size(waiting=100, oldest_age=0.0, idle=1) == 8
    constant = CostCurve(((1, 0.01), (16, 0.01)))
    assert batcher(constant).size(waiting=12, oldest_age=0.0, idle=1) == 12


def test_frames_go_one_by_one_where_a_batch_gains_nothing() -> None:
    for waiting in (2, 5, 100):
        assert batcher(LINEAR).size(waiting, oldest_age=0.0, idle=1) == 1


def test_of_sizes_as_good_as_the_best_late_frames_go_out_in_the_smallest() -> None:
    noisy = CostCurve(((1, 0.01), (2, 0.0198), (4, 0.0397), (8, 0.079)))
    assert batcher(noisy).size(waiting=100, oldest_age=9.0, idle=1) == 1


def test_idle_sessions_share_what_waits() -> None:
    assert batcher().size(waiting=8, oldest_age=0.0, idle=2) == 4
    assert batcher().size(waiting=7, oldest_age=0.0, idle=2) == 4
    assert batcher().size(waiting=8, oldest_age=0.0, idle=4) == 2


def test_a_batch_is_smaller_where_a_larger_one_would_be_late() -> None:
    assert batcher(budget=0.1).size(waiting=100, oldest_age=0.0, idle=1) == 8
    assert batcher(budget=0.1).size(waiting=100, oldest_age=0.0925, idle=1) == 3
    assert batcher(budget=0.1).size(waiting=100, oldest_age=0.095, idle=1) == 1


def test_frames_that_are_late_already_go_out_in_batches_of_the_best_throughput() -> None:
    assert batcher(budget=0.1).size(waiting=100, oldest_age=3.0, idle=1) == 8


def test_an_engine_that_measures_no_time_at_all_takes_all_it_may() -> None:
    free = CostCurve(((1, 0.0), (16, 0.0)))
    assert batcher(free).size(waiting=100, oldest_age=0.0, idle=1) == 16


@st.composite
def curves(draw: st.DrawFn) -> CostCurve:
    sizes = draw(st.lists(st.integers(1, 64), min_size=1, max_size=6, unique=True).map(sorted))
    steps = draw(st.lists(st.floats(0, 0.2), min_size=len(sizes), max_size=len(sizes)))
    return CostCurve(tuple((n, sum(steps[: i + 1])) for i, n in enumerate(sizes)))


@st.composite
def batchers(draw: st.DrawFn) -> Batcher:
    return Batcher(draw(curves()), draw(st.integers(1, 64)), draw(st.floats(0, 2)))


ages = st.floats(0, 4)


@given(batchers(), st.integers(0, 500), ages, st.integers(1, 32))
def test_a_session_takes_something_that_is_there_and_no_more_than_it_may(
    rule: Batcher, waiting: int, age: float, idle: int
) -> None:
    size = rule.size(waiting, age, idle)
    assert (size == 0) == (waiting == 0)
    assert size <= min(waiting, rule.max_batch)


@given(batchers(), st.integers(1, 500), ages, st.integers(1, 32))
def test_the_deadline_holds_wherever_one_frame_alone_would_hold_it(
    rule: Batcher, waiting: int, age: float, idle: int
) -> None:
    assume(age + rule.cost.seconds(1) <= rule.budget)
    assert age + rule.cost.seconds(rule.size(waiting, age, idle)) <= rule.budget


@given(batchers(), st.integers(1, 500), ages, st.integers(1, 32))
def test_idle_sessions_one_after_the_other_leave_no_frame_behind_that_they_could_take(
    rule: Batcher, waiting: int, age: float, idle: int
) -> None:
    left = waiting
    for still_idle in range(idle, 0, -1):
        left -= rule.size(left, age, still_idle)
    every_session_works = waiting >= idle
    assert left >= 0
    assert every_session_works or left == 0


@given(curves(), st.integers(2, 32), st.integers(1, 8))
def test_no_session_takes_more_than_its_share(cost: CostCurve, waiting: int, idle: int) -> None:
    assert batcher(cost, max_batch=64).size(waiting, 0.0, idle) <= -(-waiting // idle)


@given(curves(), st.integers(1, 64))
def test_in_time_no_other_size_makes_frames_wait_less(cost: CostCurve, waiting: int) -> None:
    rule = batcher(cost, max_batch=64, budget=1_000.0)
    taken = rule.size(waiting, 0.0, 1)
    least = min(rule.mean_wait(size, waiting) for size in range(1, waiting + 1))
    assert rule.mean_wait(taken, waiting) == pytest.approx(least)


@given(curves(), st.integers(1, 64))
def test_late_frames_go_out_nearly_as_fast_as_they_can(cost: CostCurve, waiting: int) -> None:
    assume(all(cost.seconds(size) > 0 for size in range(1, waiting + 1)))
    taken = batcher(cost, max_batch=64, budget=0.1).size(waiting, 5.0, 1)
    best = max(size / cost.seconds(size) for size in range(1, waiting + 1))
    assert taken / cost.seconds(taken) >= 0.96 * best


def test_the_cost_between_measured_sizes_is_linear() -> None:
    assert KNEE.seconds(3) == pytest.approx(0.007)
    assert KNEE.seconds(6) == pytest.approx(0.010)
    assert LINEAR.seconds(5) == pytest.approx(0.050)


def test_the_cost_beyond_the_measured_sizes_follows_the_last_slope() -> None:
    assert KNEE.seconds(32) == pytest.approx(0.108)
    assert CostCurve(((4, 0.02), (8, 0.03))).seconds(2) == pytest.approx(0.015)
    assert CostCurve(((4, 0.02),)).seconds(8) == pytest.approx(0.04)


@given(curves())
def test_the_cost_of_a_measured_size_is_what_was_measured(cost: CostCurve) -> None:
    for size, seconds in cost.points:
        assert cost.seconds(size) == pytest.approx(seconds, abs=1e-12)


@given(curves())
def test_a_curve_is_read_back_as_it_was_written(cost: CostCurve) -> None:
    assert CostCurve.from_mapping(cost.to_mapping()) == cost
