"""The recount in words and as JSON: one verdict, and the offsets behind it."""

import json
from collections.abc import Iterable

import pytest

from edge.audit.report import BROKEN, CLEAN, COULD_NOT_TELL, AuditReport, PartitionAudit
from edge.audit.runs import Offsets, joined_runs, offsets_of
from edge.audit.tally import Answer
from edge.audit.text import document_of, lines_of, verdict_of
from edge.frame import Partition, Range
from edge.settings.delivery import Delivery

COUNTS = {Answer.CLASSIFIED: 7, Answer.SKIPPED: 0, Answer.DEAD_LETTERED: 2}


def report(
    *,
    missing: list[int] | None = None,
    repeated: list[int] | None = None,
    conflicting: list[int] | None = None,
    unauditable: list[int] | None = None,
    obstacle: str = "",
) -> AuditReport:
    """Two partitions, of which the second has the findings."""
    return AuditReport(
        "yard",
        [
            PartitionAudit(Partition("frames", 0), Range(0, 10), 10, dict(COUNTS)),
            PartitionAudit(
                Partition("frames", 1),
                Range(0, 23),
                20,
                dict(COUNTS),
                singly(missing),
                singly(repeated),
                singly(conflicting),
                singly(unauditable),
                pending=3,
            ),
        ],
        obstacle=obstacle,
        doubts=["they are older than the oldest outcome kept"] if unauditable else [],
    )


def singly(offsets: Iterable[int] | None) -> Offsets:
    return offsets_of(Range(offset, offset + 1) for offset in offsets or ())


def test_a_clean_recount_says_what_it_counted() -> None:
    assert verdict_of(report(), "exactly-once") == (
        "clean: every committed frame has its outcome "
        "(14 classified, 0 skipped, 4 dead-lettered, 3 pending)"
    )


def test_a_broken_recount_counts_each_kind_of_fault() -> None:
    found = report(missing=[5], repeated=[6, 7], conflicting=[8, 9, 10])
    assert verdict_of(found, "exactly-once") == (
        "BROKEN: 1 missing, 2 repeated, 3 conflicting "
        "(14 classified, 0 skipped, 4 dead-lettered, 3 pending)"
    )


@pytest.mark.parametrize("delivery", ["exactly-once", "at-least-once"])
@pytest.mark.parametrize("found", [report(missing=[5]), report(conflicting=[5])])
def test_a_missing_or_conflicting_outcome_breaks_either_promise(
    found: AuditReport, delivery: Delivery
) -> None:
    assert found.status(delivery) == BROKEN


def test_a_repeat_breaks_exactly_once_and_is_told_under_at_least_once() -> None:
    found = report(repeated=[5, 6])
    assert found.status("exactly-once") == BROKEN
    assert found.status("at-least-once") == CLEAN
    assert verdict_of(found, "at-least-once").endswith("; 2 repeated, as at-least-once allows")


def test_frames_older_than_the_outcomes_kept_leave_it_open() -> None:
    found = report(unauditable=[1, 2])
    assert found.status("exactly-once") == COULD_NOT_TELL
    said = verdict_of(found, "exactly-once")
    why = "2 frames have no outcome, and they are older than the oldest outcome kept"
    assert said.startswith(f"could not tell: {why} (")


def test_an_obstacle_is_named() -> None:
    found = report(obstacle="topic frames does not exist")
    assert found.status("exactly-once") == COULD_NOT_TELL
    assert "could not tell: topic frames does not exist" in verdict_of(found, "exactly-once")


def test_what_is_broken_is_broken_whatever_else_could_not_be_told() -> None:
    found = report(missing=[5], unauditable=[1], obstacle="half of it is gone")
    assert found.status("exactly-once") == BROKEN


def test_each_finding_names_its_partition_and_offsets() -> None:
    found = report(missing=[3, 7, 8, 9], unauditable=[1])
    found.damaged = 4
    assert list(lines_of(found)) == [
        "missing in frames/1: 3, 7-9",
        "unauditable in frames/1: 1",
        "4 records of the outcome topics could not be read",
    ]


def test_a_clean_recount_needs_no_lines() -> None:
    assert list(lines_of(report())) == []


@pytest.mark.parametrize(
    ("offsets", "expected"),
    [
        ([], ""),
        ([3], "3"),
        ([3, 4], "3-4"),
        ([3, 7, 8, 9], "3, 7-9"),
        (list(range(0, 40, 2)), ", ".join(map(str, range(0, 40, 2)))),
        (list(range(0, 44, 2)), ", ".join(map(str, range(0, 40, 2))) + " and 2 more ranges"),
    ],
)
def test_offsets_are_told_as_ranges(offsets: list[int], expected: str) -> None:
    assert str(singly(offsets)) == expected


def test_ranges_that_follow_on_are_one_wherever_they_come_from() -> None:
    offsets = offsets_of([Range(3, 5), Range(5, 9), Range(10, 11)])
    assert (offsets.ranges, len(offsets)) == ([Range(3, 9), Range(10, 11)], 7)
    assert list(joined_runs([Range(0, 1), Range(3, 4), Range(9, 10)], joined=3)) == [
        Range(0, 4),
        Range(9, 10),
    ]


def test_of_very_many_ranges_the_first_are_kept_and_all_are_counted() -> None:
    offsets = singly(range(0, 1000, 2))
    assert (len(offsets), len(offsets.ranges), offsets.more_ranges) == (500, 100, 400)
    offsets.add(Range(999, 1003))
    assert (len(offsets), len(offsets.ranges), offsets.more_ranges) == (504, 100, 400)
    assert str(offsets).endswith(", 38 and 480 more ranges")


def test_the_document_for_machines_is_json_with_the_first_ranges() -> None:
    document = json.loads(json.dumps(document_of(report(missing=[0, 2, 3]), "exactly-once")))
    assert document["group"] == "yard"
    assert document["status"] == BROKEN
    assert document["verdict"].startswith("BROKEN: 3 missing")
    nothing = {"count": 0, "ranges": [], "more_ranges": 0}
    assert document["partitions"][1] == {
        "topic": "frames",
        "partition": 1,
        "from": 0,
        "to": 23,
        "committed": 20,
        "pending": 3,
        "outcomes": {"classified": 7, "skipped": 0, "dead-lettered": 2},
        "missing": {"count": 3, "ranges": [[0, 0], [2, 3]], "more_ranges": 0},
        "repeated": nothing,
        "conflicting": nothing,
        "unauditable": nothing,
    }
