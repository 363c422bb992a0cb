"""How often each offset was answered: examples, and a naive model that forgets nothing."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.frame import Range
from edge.tally import Answer, Tally

START, END = 100, 110
ANSWERS = [answer for answer in Answer if answer]


@dataclass(slots=True)
class Naive:
    """Every outcome of every offset, as it came."""

    range: Range
    outcomes: dict[int, list[tuple[Answer, str]]] = field(default_factory=dict)

    def note(self, offset: int, answer: Answer, content: str) -> None:
        if self.range.start <= offset < self.range.end:
            self.outcomes.setdefault(offset, []).append((answer, content))

    def below(self, end: int) -> dict[int, list[tuple[Answer, str]]]:
        return {offset: seen for offset, seen in sorted(self.outcomes.items()) if offset < end}

    def count(self, answer: Answer, end: int) -> int:
        return sum(1 for seen in self.below(end).values() if looks_first(seen)[0][0] is answer)

    def repeated(self, end: int) -> list[int]:
        return [at for at, seen in self.below(end).items() if is_repeated(looks_first(seen))]

    def conflicting(self, end: int) -> list[int]:
        return [at for at, seen in self.below(end).items() if len(set(looks(seen))) > 1]

    def unanswered(self, end: int) -> list[int]:
        last = min(end, self.range.end)
        return [at for at in range(self.range.start, last) if at not in self.outcomes]


def looks(seen: list[tuple[Answer, str]]) -> list[tuple[Answer, str]]:
    return [outcome for outcome in seen if outcome[0] is not Answer.SKIPPED]


def looks_first(seen: list[tuple[Answer, str]]) -> list[tuple[Answer, str]]:
    return looks(seen) + [outcome for outcome in seen if outcome[0] is Answer.SKIPPED]


def is_repeated(seen: list[tuple[Answer, str]]) -> bool:
    return seen.count(seen[0]) > 1 or (len(seen) > 1 and seen[-1][0] is Answer.SKIPPED)


def tally(*answered: int) -> Tally:
    """Offsets 100 to 109, of which these were classified."""
    made = Tally(Range(START, END))
    for offset in answered:
        made.note(offset, Answer.CLASSIFIED, "vehicle")
    return made


def spread(ranges: list[Range]) -> list[int]:
    return [offset for found in ranges for offset in range(found.start, found.end)]


def test_nothing_noted_means_everything_is_unanswered() -> None:
    assert list(tally().unanswered(END, joined=1)) == [Range(START, END)]


def test_gaps_are_told_as_runs_up_to_the_end_asked_for() -> None:
    found = tally(100, 103, 104).unanswered(108, joined=1)
    assert list(found) == [Range(101, 103), Range(105, 108)]


def test_gaps_that_are_close_are_told_as_one_stretch_that_begins_and_ends_in_a_gap() -> None:
    made = tally(100, 102, 104, 105, 106, 109)
    assert list(made.unanswered(END, joined=2)) == [Range(101, 104), Range(107, 109)]
    assert list(made.unanswered(END)) == [Range(101, 109)]
    assert [made.is_answered(offset) for offset in (101, 102, 103)] == [False, True, False]


def test_nothing_is_missing_where_all_is_answered() -> None:
    assert list(tally(*range(START, END)).unanswered(END, joined=1)) == []


@pytest.mark.parametrize("end", [START, START - 1, 0])
def test_below_the_start_there_is_nothing_to_tell(end: int) -> None:
    assert list(tally().unanswered(end, joined=1)) == []
    assert tally(100).count(Answer.CLASSIFIED, end) == 0


def test_an_offset_outside_the_range_is_not_counted() -> None:
    made = tally(START - 1, END, -1, 10**12)
    assert made.count(Answer.CLASSIFIED, END + 5) == 0


def test_two_equal_outcomes_are_a_repeat_and_no_conflict() -> None:
    made = tally(105, 105, 105)
    assert (made.repeated(END), made.conflicting(END)) == ([105], [])


def test_another_label_for_the_same_frame_is_a_conflict_and_no_repeat() -> None:
    made = tally(105)
    made.note(105, Answer.CLASSIFIED, "parcel")
    assert (made.repeated(END), made.conflicting(END)) == ([], [105])


def test_another_kind_of_outcome_is_a_conflict_and_the_first_one_counts() -> None:
    made = tally(105)
    made.note(105, Answer.DEAD_LETTERED, "vehicle")
    assert made.conflicting(END) == [105]
    assert made.count(Answer.CLASSIFIED, END) == 1
    assert made.count(Answer.DEAD_LETTERED, END) == 0


@pytest.mark.parametrize("skipped_first", [True, False])
def test_a_frame_that_is_skipped_when_it_comes_again_is_a_repeat_and_what_was_seen_counts(
    skipped_first: bool,
) -> None:
    made = tally()
    outcomes = [(Answer.CLASSIFIED, "vehicle"), (Answer.SKIPPED, "expired")]
    for answer, content in reversed(outcomes) if skipped_first else outcomes:
        made.note(105, answer, content)
    assert (made.repeated(END), made.conflicting(END)) == ([105], [])
    assert (made.count(Answer.CLASSIFIED, END), made.count(Answer.SKIPPED, END)) == (1, 0)
    made.note(105, Answer.CLASSIFIED, "parcel")
    assert made.conflicting(END) == [105]


def test_two_reasons_to_skip_a_frame_are_a_repeat() -> None:
    made = tally()
    made.note(105, Answer.SKIPPED, "expired")
    made.note(105, Answer.SKIPPED, "shed")
    assert (made.repeated(END), made.conflicting(END)) == ([105], [])
    assert made.count(Answer.SKIPPED, END) == 1


def test_an_empty_range_takes_nothing() -> None:
    made = Tally(Range(7, 7))
    made.note(7, Answer.SKIPPED, "gated")
    assert (made.count(Answer.SKIPPED, 8), list(made.unanswered(8, joined=1))) == (0, [])


@given(
    noted=st.lists(
        st.tuples(
            st.integers(START - 3, END + 3),
            st.sampled_from(ANSWERS),
            st.sampled_from(["vehicle", "parcel", ""]),
        )
    ),
    end=st.integers(START - 3, END + 3),
)
def test_it_tells_what_a_naive_model_tells(noted: list[tuple[int, Answer, str]], end: int) -> None:
    ours, naive = Tally(Range(START, END)), Naive(Range(START, END))
    for offset, answer, content in noted:
        ours.note(offset, answer, content)
        naive.note(offset, answer, content)
    assert [ours.count(answer, end) for answer in ANSWERS] == [
        naive.count(answer, end) for answer in ANSWERS
    ]
    assert ours.repeated(end) == naive.repeated(end)
    assert ours.conflicting(end) == naive.conflicting(end)
    assert spread(list(ours.unanswered(end, joined=1))) == naive.unanswered(end)
