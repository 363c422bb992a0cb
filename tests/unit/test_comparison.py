"""What a rerun would have changed, told from both sides' outcomes."""

from io import StringIO

from rich.console import Console

from edge.audit.tally import Answer
from edge.frame import Partition, Range
from edge.replay.comparison import Comparison
from edge.replay.live import Outcomes, Said
from edge.replay.summary import Summary
from edge.replay.text import document_of, print_report
from tests.frames import OTHER, PARTITION, classified, dead, make_frame

VEHICLE = Said(Answer.CLASSIFIED, "vehicle", 0.75)
PARCEL = Said(Answer.CLASSIFIED, "parcel", 0.5)
TRUNCATED = Said(Answer.DEAD_LETTERED, "truncated")
GATED = Said(Answer.SKIPPED, "gated")


def compared(
    live: dict[int, Said], rerun: dict[int, Said], partition: Partition = PARTITION
) -> Comparison:
    """Offsets 0 to 9 of one partition, of another nothing."""
    outcomes = {at: Outcomes(Range(0, 10)) for at in (PARTITION, OTHER)}
    for offset, said in live.items():
        outcomes[partition].note(offset, said)
    comparison = Comparison(outcomes, most_examples=2)
    for offset, said in rerun.items():
        comparison.note(make_frame(offset, partition), said)
    return comparison


def test_frames_with_the_same_outcome_agree_whatever_the_confidence() -> None:
    surer = Said(Answer.CLASSIFIED, "vehicle", 0.9)
    found = compared({0: VEHICLE, 1: TRUNCATED}, {0: surer, 1: TRUNCATED})
    assert (found.alike, found.changed, found.agreement) == (2, 0, 1.0)


def test_changes_are_counted_by_their_kind_and_the_first_are_named() -> None:
    live = dict.fromkeys(range(4), VEHICLE) | {4: TRUNCATED}
    rerun = dict.fromkeys(range(3), PARCEL) | {3: TRUNCATED, 4: VEHICLE}
    found = compared(live, rerun)
    assert found.changes == {
        ("vehicle", "parcel"): 3,
        ("vehicle", "dead-lettered: truncated"): 1,
        ("dead-lettered: truncated", "vehicle"): 1,
    }
    assert (found.changed, found.agreement) == (5, 0.0)
    assert [(change.offset, change.live.confidence) for change in found.examples] == [
        (0, 0.75),
        (1, 0.75),
    ]


def test_frames_that_were_skipped_on_purpose_neither_agree_nor_change() -> None:
    found = compared({0: GATED, 1: VEHICLE}, {0: PARCEL, 1: VEHICLE})
    assert (found.skipped_live, found.alike, found.changed) == (1, 1, 0)


def test_frames_that_one_side_has_are_told_as_ranges() -> None:
    live = dict.fromkeys((0, 1, 2, 7), VEHICLE)
    found = compared(live, dict.fromkeys((2, 3, 4), VEHICLE))
    assert [str(offsets) for offsets in found.only_rerun.values()] == ["3-4"]
    assert {at: str(offsets) for at, offsets in found.only_live().items()} == {PARTITION: "0-1, 7"}


def test_of_two_live_outcomes_of_a_frame_the_first_counts() -> None:
    outcomes = Outcomes(Range(0, 10))
    outcomes.note(3, VEHICLE)
    outcomes.note(3, PARCEL)
    outcomes.note(10, PARCEL)
    assert outcomes.of(3) == VEHICLE
    assert outcomes.of(4) is None


def report(comparison: Comparison | None, *, complete: bool = True) -> str:
    summary = Summary("colours 1, onnxruntime fp32", "elsewhere", written=2, complete=complete)
    for outcome in (classified(make_frame()), classified(make_frame()), dead(make_frame())):
        summary.note(outcome)
    out = StringIO()
    print_report(Console(file=out, width=100), summary, comparison)
    return out.getvalue()


def test_the_report_says_what_was_done_and_what_would_have_changed() -> None:
    said = report(
        compared({0: VEHICLE, 1: VEHICLE, 9: VEHICLE}, {0: PARCEL, 1: VEHICLE, 2: PARCEL})
    )
    assert "3 frames with colours 1, onnxruntime fp32: 2 classified, 1 truncated\n" in said
    assert "2 classifications written to elsewhere\n" in said
    assert "1 of 2 as live (50.0%)\n" in said
    assert "vehicle 0.75" in said
    assert "without a live outcome in frames/0: 2\n" in said
    assert "with a live outcome only in frames/0: 9\n" in said


def test_a_report_of_a_part_does_not_say_what_the_rest_lacks() -> None:
    found = compared({0: VEHICLE, 9: VEHICLE}, {0: VEHICLE})
    said = report(found, complete=False)
    assert "stopped before the end" in said
    assert "live outcome only" not in said
    document = document_of(Summary("colours", None), found)
    assert document["comparison"]["only_live"] is None


def test_nothing_in_common_is_said_so() -> None:
    assert "nothing to compare" in report(compared({}, {0: PARCEL}))
