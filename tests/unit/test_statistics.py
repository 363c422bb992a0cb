"""The demo's account: what came back against what the simulator drew, and how fast."""

import math
from collections.abc import Mapping

import pytest

from edge.cloudevents import format_time
from edge.demo.statistics import TOTAL, Statistics
from edge.wire import Classification, EngineReference, FrameReference, ModelReference

NOW = 1_790_000_000.0


def seen(
    frame: str, label: str, *, captured_at: float = NOW, latency: Mapping[str, float] | None = None
) -> Classification:
    return Classification(
        camera="gate-1",
        frame=FrameReference(frame, "frames", 0, 0, format_time(captured_at)),
        label=label,
        confidence=0.9,
        scores={label: 0.9},
        model=ModelReference("yard", "4", "sha256:0"),
        engine=EngineReference("openvino", "fp32", "sha256:0"),
        latency=dict(latency or {}),
    )


def account(*pairs: tuple[str, str]) -> Statistics:
    """One frame a second, each as (truth, label)."""
    statistics = Statistics()
    for number, (truth, label) in enumerate(pairs):
        statistics.note_sent(str(number), truth)
        statistics.note_seen(seen(str(number), label), NOW + number)
    return statistics


def test_before_the_first_frame_nothing_is_claimed() -> None:
    statistics = Statistics()
    assert (statistics.sent, statistics.seen, statistics.throughput) == (0, 0, 0.0)
    assert math.isnan(statistics.accuracy)
    assert statistics.percentiles() == {}


def test_accuracy_is_the_share_of_right_labels() -> None:
    statistics = account(
        ("vehicle", "vehicle"), ("parcel", "parcel"), ("parcel", "vehicle"), ("parcel", "vehicle")
    )
    assert (statistics.sent, statistics.seen) == (4, 4)
    assert statistics.accuracy == 0.5
    assert statistics.wrong == {("parcel", "vehicle"): 2}


def test_a_frame_that_comes_twice_is_counted_once() -> None:
    statistics = account(("vehicle", "vehicle"))
    statistics.note_seen(seen("0", "vehicle"), NOW + 5.0)
    assert statistics.seen == 1


def test_a_frame_of_somebody_else_is_not_counted() -> None:
    statistics = account(("vehicle", "vehicle"))
    statistics.note_seen(seen("not ours", "parcel"), NOW)
    assert (statistics.seen, statistics.accuracy) == (1, 1.0)


def test_a_frame_whose_truth_nobody_knows_is_sent_and_not_judged() -> None:
    statistics = Statistics()
    statistics.note_sent("0", None)
    statistics.note_seen(seen("0", "parcel"), NOW)
    assert (statistics.sent, statistics.seen) == (1, 0)


def test_throughput_is_measured_between_the_first_and_the_last_frame() -> None:
    assert account(*[("parcel", "parcel")] * 5).throughput == 1.0
    assert account(("parcel", "parcel")).throughput == 0.0


def test_the_total_runs_from_capture_to_the_viewer() -> None:
    statistics = Statistics()
    statistics.note_sent("0", "parcel")
    statistics.note_seen(seen("0", "parcel", captured_at=NOW - 0.25), NOW)
    assert statistics.percentiles() == {TOTAL: (0.25, 0.25, 0.25)}


def test_percentiles_are_ranks_of_what_was_measured_in_the_order_of_the_stages() -> None:
    statistics = Statistics()
    for number in range(1, 101):
        statistics.note_sent(str(number), "parcel")
        latency = {"inference": number / 1000, "queue": number / 100}
        statistics.note_seen(seen(str(number), "parcel", latency=latency), NOW)
    rows = statistics.percentiles()
    assert list(rows) == ["queue", "inference", TOTAL]
    assert rows["queue"] == (0.5, 0.95, 0.99)
    assert rows["inference"] == (0.05, 0.095, 0.099)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_percentiles_of_a_few_frames_are_among_them(count: int) -> None:
    statistics = Statistics()
    for number in range(count):
        statistics.note_sent(str(number), "parcel")
        statistics.note_seen(seen(str(number), "parcel", latency={"queue": number}), NOW)
    assert statistics.percentiles()["queue"] == ((count - 1) // 2, count - 1, count - 1)
