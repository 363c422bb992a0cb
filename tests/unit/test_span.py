"""What part of a topic a user means: offsets, times, ages, and what is none of these."""

import pytest

from edge.span import WHOLE, Moment, Span, check_span, parse_moment, parse_point

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("typed", "point"),
    [
        ("0", 0),
        ("4711", 4711),
        ("2023-11-14T22:13:20Z", Moment(NOW)),
        ("2023-11-15T00:13:20.5+02:00", Moment(NOW + 0.5)),
        ("90s", Moment(NOW - 90)),
        ("15m", Moment(NOW - 900)),
        ("1.5h", Moment(NOW - 5400)),
        ("2d", Moment(NOW - 172_800)),
    ],
)
def test_a_point_is_an_offset_a_time_or_an_age(typed: str, point: int | Moment) -> None:
    assert parse_point(typed, NOW) == point


@pytest.mark.parametrize(
    "typed", ["", "yesterday", "-3", "2023-11-14", "2023-11-14T22:13", "5 m", "²"]
)
def test_anything_else_is_refused_with_what_was_expected(typed: str) -> None:
    with pytest.raises(ValueError, match=r"neither a time .* nor an age, .* nor an offset"):
        parse_point(typed, NOW)


@pytest.mark.parametrize("typed", ["9" * 19, "9" * 5000, "9" * 400 + "d", "30000d"])
def test_what_no_topic_can_hold_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"beyond every offset|further back than time is counted"):
        parse_point(typed, NOW)


def test_zeros_in_front_do_not_make_an_offset_large() -> None:
    assert parse_point("0" * 30 + "7", NOW) == 7


def test_where_only_a_time_makes_sense_an_offset_is_none() -> None:
    with pytest.raises(ValueError, match="'4711' is neither a time"):
        parse_moment("4711", NOW)


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (Span(start=7, end=7), "nothing lies between --from 7 and --to 7"),
        (Span(start=Moment(NOW), end=Moment(NOW - 1)), "nothing lies between --from 2023-11-14T22"),
        (Span(start=7, end=Moment(NOW)), "both be offsets or both be times"),
    ],
)
def test_a_span_in_which_nothing_can_lie_is_refused(span: Span, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_span(None, span)


@pytest.mark.parametrize(
    "span", [WHOLE, Span(start=7), Span(end=Moment(NOW)), Span(start=7, end=8)]
)
def test_any_other_span_will_do(span: Span) -> None:
    check_span(None, span)
