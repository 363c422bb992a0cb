"""How often a frame came back, as its headers tell it."""

import pytest

from edge.frame import Headers
from edge.hops import handed_on, hops_of, put_back


@pytest.mark.parametrize(
    ("headers", "hops"),
    [
        ((), 0),
        ((("yardlight_hops", b"2"),), 2),
        ((("yardlight_hops", b"2"), ("yardlight_hops", b"7")), 7),
        ((("yardlight_hops", b"often"),), 0),
        ((("yardlight_hops", b"-1"),), 0),
        ((("yardlight_hops", b""),), 0),
        ((("yardlight_hops", b"9" * 18_000),), 0),
    ],
)
def test_what_is_not_a_number_of_hops_counts_as_none(headers: Headers, hops: int) -> None:
    assert hops_of(headers) == hops


def test_a_frame_goes_back_with_its_own_headers_first_and_one_hop_more() -> None:
    own = (("ce_id", b"a"), ("twice", b"1"), ("twice", b"2"))
    once = put_back(own, "yard/frames/0/7")
    assert once == [*own, ("yardlight_hops", b"1"), ("yardlight_replay_of", b"yard/frames/0/7")]
    twice = put_back(tuple(once), "yard/frames/0/9")
    assert twice == [*own, ("yardlight_hops", b"2"), ("yardlight_replay_of", b"yard/frames/0/9")]


def test_an_outcome_repeats_how_often_its_frame_came_back_and_nothing_else() -> None:
    assert handed_on((("ce_id", b"a"), ("x-lens", b"b"))) == []
    came_back = tuple(put_back((("ce_id", b"a"),), "yard/frames/0/7"))
    assert handed_on(came_back) == [
        ("yardlight_hops", b"1"),
        ("yardlight_replay_of", b"yard/frames/0/7"),
    ]
