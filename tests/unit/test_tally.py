"""How often each offset was answered: examples, and a naive model that forgets nothing."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.audit.runs import MOST_RANGES, offsets_of
from edge.audit.tally import Answer, Tally
from edge.frame import Range

START, END = 100, 110
WHOLE = Range(START, END)
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


def spread(ranges: Iterable[Range]) -> list[int]:
    return [offset for found in ranges for offset in range(found.start, found.end)]


def test_nothing_noted_means_everything_is_unanswered() -> None:
    assert list(tally().unanswered(WHOLE, joined=1)) == [Range(START, END)]


def test_gaps_are_told_as_runs_up_to_the_end_asked_for() -> None:
    found = tally(100, 103, 104).unanswered(Range(START, 108), joined=1)
    assert list(found) == [Range(101, 103), Range(105, 108)]


def test_gaps_that_are_close_are_told_as_one_stretch_that_begins_and_ends_in_a_gap() -> None:
    made = tally(100, 102, 104, 105, 106, 109)
    assert list(made.unanswered(WHOLE, joined=2)) == [Range(101, 104), Range(107, 109)]
    assert list(made.unanswered(WHOLE)) == [Range(101, 109)]
    assert [made.is_answered(offset) for offset in (101, 102, 103)] == [False, True, False]


def test_nothing_is_missing_where_all_is_answered() -> None:
    assert list(tally(*range(START, END)).unanswered(WHOLE, joined=1)) == []


@pytest.mark.parametrize("end", [START, START - 1, 0])
def test_below_the_start_there_is_nothing_to_tell(end: int) -> None:
    assert list(tally().unanswered(Range(START, end), joined=1)) == []
    assert tally(100).counts(end) == dict.fromkeys(Answer, 0)


def test_an_offset_outside_the_range_is_not_counted() -> None:
    made = tally(START - 1, END, -1, 10**12)
    assert made.counts(END + 5)[Answer.CLASSIFIED] == 0


def test_two_equal_outcomes_are_a_repeat_and_no_conflict() -> None:
    made = tally(105, 105, 105)
    assert (spread(made.repeated(END)), spread(made.conflicting(END))) == ([105], [])


def test_another_label_for_the_same_frame_is_a_conflict_and_no_repeat() -> None:
    made = tally(105)
    made.note(105, Answer.CLASSIFIED, "parcel")
    assert (spread(made.repeated(END)), spread(made.conflicting(END))) == ([], [105])


def test_another_kind_of_outcome_is_a_conflict_and_the_first_one_counts() -> None:
    made = tally(105)
    made.note(105, Answer.DEAD_LETTERED, "vehicle")
    assert spread(made.conflicting(END)) == [105]
    assert (made.counts(END)[Answer.CLASSIFIED], made.counts(END)[Answer.DEAD_LETTERED]) == (1, 0)


def test_the_first_outcome_of_an_offset_can_be_told_again() -> None:
    made = tally(105)
    made.note(106, Answer.DEAD_LETTERED, "empty")
    made.note(106, Answer.SKIPPED, "expired")
    assert made.first_of(105) == (Answer.CLASSIFIED, "vehicle")
    assert made.first_of(106) == (Answer.DEAD_LETTERED, "empty")
    assert made.first_of(107) is None
    assert list(made.answered(WHOLE)) == [Range(105, 107)]


@pytest.mark.parametrize("skipped_first", [True, False])
def test_a_frame_that_is_skipped_when_it_comes_again_is_a_repeat_and_what_was_seen_counts(
    skipped_first: bool,
) -> None:
    made = tally()
    outcomes = [(Answer.CLASSIFIED, "vehicle"), (Answer.SKIPPED, "expired")]
    for answer, content in reversed(outcomes) if skipped_first else outcomes:
        made.note(105, answer, content)
    assert (spread(made.repeated(END)), spread(made.conflicting(END))) == ([105], [])
    assert (made.counts(END)[Answer.CLASSIFIED], made.counts(END)[Answer.SKIPPED]) == (1, 0)
    made.note(105, Answer.CLASSIFIED, "parcel")
    assert spread(made.conflicting(END)) == [105]


def test_two_reasons_to_skip_a_frame_are_a_repeat() -> None:
    made = tally()
    made.note(105, Answer.SKIPPED, "expired")
    made.note(105, Answer.SKIPPED, "shed")
    assert (spread(made.repeated(END)), spread(made.conflicting(END))) == ([105], [])
    assert made.counts(END)[Answer.SKIPPED] == 1


def test_an_empty_range_takes_nothing() -> None:
    made = Tally(Range(7, 7))
    made.note(7, Answer.SKIPPED, "similar")
    assert made.counts(8)[Answer.SKIPPED] == 0
    assert list(made.unanswered(Range(7, 8), joined=1)) == []


@given(
    noted=st.lists(
        st.tuples(
            st.integers(START - 3, END + 3),
            st.sampled_from(ANSWERS),
            st.sampled_from(["vehicle", "parcel", ""]),
        )
    ),
    end=st.integers(START - 3, END + 3),
    together=st.integers(0, 5),
)
def test_it_tells_what_a_naive_model_tells(
    noted: list[tuple[int, Answer, str]], end: int, together: int
) -> None:
    ours, naive = Tally(Range(START, END)), Naive(Range(START, END))
    for offset, answer, content in noted:
        naive.note(offset, answer, content)
        if not together:
            ours.note(offset, answer, content)
    for some in _batches(noted, together):
        known = list({outcome[1:]: None for outcome in some})
        places = array("l", [known.index(outcome[1:]) for outcome in some])
        ours.note_all(array("q", [outcome[0] for outcome in some]), places, known)
    counts = ours.counts(end)
    assert [counts[answer] for answer in ANSWERS] == [
        naive.count(answer, end) for answer in ANSWERS
    ]
    assert spread(ours.repeated(end)) == naive.repeated(end)
    assert spread(ours.conflicting(end)) == naive.conflicting(end)
    assert spread(ours.unanswered(Range(START, end), joined=1)) == naive.unanswered(end)


def _batches(
    noted: list[tuple[int, Answer, str]], size: int
) -> Iterator[list[tuple[int, Answer, str]]]:
    """The same in their order, so many at once; none where the size is 0."""
    for start in range(0, len(noted) if size else 0, size or 1):
        yield noted[start : start + size]


def test_the_part_that_is_asked_for_is_told_alone() -> None:
    made = tally(102, 103)
    assert list(made.unanswered(Range(101, 105), joined=1)) == [Range(101, 102), Range(104, 105)]
    assert list(made.unanswered(Range(0, 101), joined=1)) == [Range(100, 101)]
    assert list(made.unanswered(Range(500, 600), joined=1)) == []


def test_more_different_outcomes_than_a_byte_can_number_are_still_told_apart() -> None:
    labels = [f"label-{number}" for number in range(20_000)]
    made = Tally(Range(0, len(labels)))
    widths = set()
    for _ in range(2):
        for offset, label in enumerate(labels):
            made.note(offset, Answer.CLASSIFIED, label)
            widths.add(made.held_bytes // len(labels))
    made.note(7, Answer.CLASSIFIED, labels[8])
    assert widths == {1, 2, 4}
    assert made.counts(len(labels))[Answer.CLASSIFIED] == len(labels)
    assert list(made.repeated(len(labels))) == [Range(0, len(labels))]
    assert list(made.conflicting(len(labels))) == [Range(7, 8)]


def test_five_million_offsets_take_five_megabytes_and_their_report_a_few_lines() -> None:
    total, step = 5_000_000, 25
    made = Tally(Range(1_000, 1_000 + total))
    for offset in range(1_000, 1_000 + total, step):
        made.note(offset, Answer.CLASSIFIED, "vehicle")
    assert made.held_bytes == total
    assert made.counts(1_000 + total)[Answer.CLASSIFIED] == total // step
    missing = offsets_of(made.unanswered(made.range, joined=1))
    assert len(missing) == total - total // step
    assert len(missing.ranges) == MOST_RANGES
    assert missing.more_ranges == total // step - MOST_RANGES
    assert len(str(missing)) < 1000
