"""Which frames are too late: by whose clock, and by how much."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.frame import Frame, Stamps
from edge.freshness import Freshness
from tests.frames import make_frame

NOW = 1000.0


def frame(*, appended: float = 0.0, captured: float = 0.0) -> Frame:
    """A frame that was appended and captured so many seconds before now."""
    stamps = Stamps(appended=NOW - appended, polled=NOW, captured=NOW - captured)
    return replace(make_frame(), stamps=stamps)


def test_a_frame_as_old_as_allowed_is_looked_at_and_an_older_one_is_not() -> None:
    fresh = Freshness(max_age=2.0)
    assert fresh.verdict(frame(appended=2.0), NOW) is None
    assert fresh.verdict(frame(appended=2.25), NOW) == "expired"


def test_age_counts_from_the_record_unless_the_cameras_word_is_asked_for() -> None:
    late = frame(appended=1.0, captured=60.0)
    assert Freshness(2.0).verdict(late, NOW) is None
    assert Freshness(2.0, "capture").verdict(late, NOW) == "expired"


def test_without_a_limit_no_frame_is_too_old() -> None:
    fresh = Freshness()
    assert fresh.unlimited
    assert fresh.verdict(frame(appended=1e9), NOW, superseded=True) is None


@pytest.mark.parametrize(("age", "verdict"), [(1.0, None), (1.25, "shed"), (2.25, "expired")])
def test_in_the_second_half_of_its_time_a_frame_gives_way_to_a_newer_one(
    age: float, verdict: str | None
) -> None:
    assert Freshness(2.0).verdict(frame(appended=age), NOW, superseded=True) == verdict


@given(
    age=st.floats(0, 100),
    later=st.floats(0, 100),
    max_age=st.floats(0.001, 100),
    newer=st.booleans(),
)
def test_a_frame_that_was_too_late_once_stays_so(
    age: float, later: float, max_age: float, newer: bool
) -> None:
    fresh = Freshness(max_age)
    before = fresh.verdict(frame(appended=age), NOW, superseded=newer)
    after = fresh.verdict(frame(appended=age), NOW + later, superseded=newer)
    assert before is None or after is not None
    assert before != "expired" or after == "expired"


def test_no_limit_is_an_endless_one() -> None:
    assert Freshness().max_age == math.inf
