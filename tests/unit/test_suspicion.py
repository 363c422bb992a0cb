"""Who takes a partition of the dead tries its next frames alone, and only then."""

from hypothesis import given
from hypothesis import strategies as st

from edge.suspicion import LEFT, SPAN, Suspicion, inherit, is_of_the_dead, working

OFFSETS = st.integers(0, 1 << 40)


@given(OFFSETS, OFFSETS)
def test_a_partition_that_was_given_back_in_order_brings_no_suspects(
    position: int, end: int
) -> None:
    assert inherit(LEFT, position, end) == Suspicion()


@given(st.text() | st.none(), OFFSETS)
def test_the_notes_of_other_programs_say_nothing(note: str | None, position: int) -> None:
    if note is None or not note.startswith("working"):
        assert not is_of_the_dead(note)
        assert inherit(note, position, position + 1) == Suspicion()


@given(OFFSETS, st.integers(0, 10_000), st.integers(0, 100))
def test_suspects_are_what_the_dead_can_have_had_in_hand(
    position: int, waiting: int, deaths: int
) -> None:
    end = position + waiting
    suspicion = inherit(working(deaths), position, end)
    assert suspicion.deaths == deaths + 1
    assert min(end, position + SPAN) <= suspicion.before <= end


@given(OFFSETS, st.integers(1, 1000))
def test_a_log_that_ends_before_the_position_has_no_suspects(position: int, by: int) -> None:
    assert inherit(working(), position, max(0, position - by)).before <= position


@given(OFFSETS, st.integers(1, 20_000), st.data())
def test_a_frame_that_kills_is_a_suspect_after_a_handful_of_deaths(
    start: int, ahead: int, data: st.DataObject
) -> None:
    """However far members got with other frames before it killed them, and wherever they ran."""
    poison, end = start + ahead, start + ahead + 1_000
    note, position, fruitless = working(), start, 0
    while not poison < (suspicion := inherit(note, position, end)).before:
        step = data.draw(st.sampled_from([0, (poison - position) // 2]))
        note, position = working(0 if step else suspicion.deaths), position + step
        fruitless += step == 0
        # In a row, each doubles the span; each step forward halves the way.
        assert fruitless <= 8 * 16
        if step == 0 and suspicion.deaths > 8:
            raise AssertionError("it killed nine members at the same place")


def test_each_death_at_the_same_place_widens_the_search() -> None:
    spans = [inherit(working(deaths), 0, 1 << 40).before for deaths in range(4)]
    assert spans == [SPAN, 2 * SPAN, 4 * SPAN, 8 * SPAN]
