"""A candidate is judged by what it says, how long it takes and what it fails on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.frame import Frame
from edge.outcome import Classified
from edge.rollout.figures import Comparison, Work, batch_of
from edge.rollout.verdict import judge
from edge.rollout.words import Bounds, Figures
from tests.unit.rolling_out import batch

BOUNDS = Bounds(agreement=0.9, latency_ratio=1.5, errors=0.01)


def compared(frames: int, agreement: float, ratio: float = 1.0, errors: int = 0) -> Figures:
    return Figures(frames, agreement, ratio, errors)


def test_nothing_is_decided_before_enough_frames_were_compared() -> None:
    assert not judge(compared(99, 1.0), BOUNDS, 100).decided
    assert judge(compared(100, 1.0), BOUNDS, 100).passed


@pytest.mark.parametrize(
    ("figures", "why"),
    [
        (compared(100, 0.89), "89.0% of 100 frames got the label that is served"),
        (compared(100, 1.0, ratio=1.6), "a batch takes 1.60 times as long"),
        (compared(100, 1.0, errors=2), "the engine failed on 2 of 100 frames"),
    ],
)
def test_each_bound_has_its_sentence(figures: Figures, why: str) -> None:
    verdict = judge(figures, BOUNDS, 100)
    assert verdict.decided
    assert verdict.broken.startswith(why)


def test_what_no_frame_can_mend_is_decided_at_once() -> None:
    assert judge(compared(20, 0.4), BOUNDS, 100).broken
    assert judge(compared(5, 1.0, errors=5), BOUNDS, 100).broken
    assert not judge(compared(20, 0.6), BOUNDS, 100).decided
    assert not judge(compared(20, 1.0, ratio=9.0), BOUNDS, 100).decided


@given(st.integers(1, 300), st.integers(0, 300), st.integers(0, 300))
def test_an_early_verdict_is_the_one_that_the_end_would_have_brought(
    seen: int, differing: int, errors: int
) -> None:
    differing, errors = min(differing, seen), min(errors, seen)
    now = compared(seen, 1 - differing / seen, errors=errors)
    if judge(now, BOUNDS, 300).broken:
        best = compared(300, 1 - differing / 300, errors=errors)
        assert judge(best, BOUNDS, 300).broken


def test_a_comparison_counts_what_agrees_differs_and_fails() -> None:
    told = Comparison()
    told.note(batch(["a", "b", "c", "d"]), batch(["a", "x", "c", ""], seconds=0.02))
    figures = told.figures()
    assert (figures.frames, figures.agreement, figures.errors) == (4, 0.5, 1)
    # The candidate's run had a frame less: the times of both say nothing.
    assert figures.latency_ratio is None
    told.note(batch(["a", "b"]), batch(["a", "b"], seconds=0.02))
    assert told.figures().latency_ratio == pytest.approx(2.0)


def test_what_is_decoded_together_took_its_time_once() -> None:
    together = [replace(it, frame=decoded(it.frame, 1.0, 1.3)) for it in classified(4)]
    assert batch_of(together).seconds == pytest.approx(0.3 + 0.01)
    in_turn = [
        replace(it, frame=decoded(it.frame, at, at + 0.1))
        for at, it in zip((1.0, 1.1, 1.2, 1.3), classified(4), strict=True)
    ]
    assert batch_of(in_turn).seconds == pytest.approx(0.4 + 0.01)


def test_an_engine_that_decodes_whole_batches_is_no_slower_for_it() -> None:
    """Both need 40 ms for four frames, one of them on a GPU that decodes them together."""
    compared = Comparison()
    live = [replace(it, frame=decoded(it.frame, 1.0, 1.03)) for it in classified(4)]
    shadow = [
        replace(it, frame=decoded(it.frame, 1.0 + at * 0.0075, 1.0 + (at + 1) * 0.0075))
        for at, it in enumerate(classified(4))
    ]
    compared.note(live, shadow)
    assert compared.figures().latency_ratio == pytest.approx(1.0)


def classified(frames: int) -> list[Classified]:
    """Of one run of 10 ms."""
    return [it for it in batch(["a"] * frames) if isinstance(it, Classified)]


def decoded(frame: Frame, taken: float, until: float) -> Frame:
    return replace(frame, stamps=replace(frame.stamps, taken=taken, decoded=until))


def test_work_is_compared_batch_size_by_batch_size() -> None:
    before, after = Work(), Work()
    for _ in range(8):
        before.note(batch_of(batch(["a"], seconds=0.01)))
        before.note(batch_of(batch(["a"] * 8, seconds=0.02)))
        # Load is lower now, so batches are smaller; each takes as long as it did.
        after.note(batch_of(batch(["a"], seconds=0.01)))
    assert after.beside(before).latency_ratio == pytest.approx(1.0)
    assert Work().beside(before).latency_ratio is None


def test_errors_that_were_usual_before_are_no_fault_of_the_candidate() -> None:
    before, after = Work(), Work()
    before.note(batch_of(batch(["a", "", "a", ""])))
    after.note(batch_of(batch(["a", "a", "a", ""])))
    assert after.beside(before).errors == 0
    after.note(batch_of(batch(["", "", "", ""])))
    assert after.beside(before).errors == 1
