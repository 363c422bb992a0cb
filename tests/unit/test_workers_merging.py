"""The pages of several workers as one, and what is left of those that have ended."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as open_metrics

from edge.frame import Partition
from edge.observe.camera_metrics import OTHER
from edge.observe.definitions import ALL, CAMERAS, SERVICE, Metric
from edge.observe.metrics import Metrics
from edge.observe.samples import LISTED, Exemplar, Key, Sample, SamplePage, read_samples
from edge.workers.merging import lasting, merge
from edge.workers.messages import Report, read_report, write
from edge.workers.tally import Tally
from tests.unit.outcomes import classified, dead_lettered, inferred_frame

FRAMES = "yardlight_frames"
LAG = "yardlight_consumer_lag_frames"
OWNED = "yardlight_partitions_assigned"
NEWEST = "yardlight_newest_outcome_timestamp_seconds"
COUNTED = [metric for metric in (*SERVICE, *CAMERAS) if metric.kind in {"counter", "histogram"}]
GAUGES = [metric for metric in (*SERVICE, *CAMERAS) if metric.kind == "gauge"]

counts = st.integers(0, 1000).map(float)
places = st.sampled_from([(it, label) for it in (*COUNTED, *GAUGES) for label in "ab"])
pages = st.dictionaries(places, counts, max_size=8).map(
    lambda page: [
        Sample(metric.name, metric.series, (("x", label),), value)
        for (metric, label), value in page.items()
    ]
)


def a_worker(classifications: int, letters: int = 0, camera: str = "gate-1") -> Metrics:
    """The metrics of a worker that has seen so much."""
    metrics = Metrics(cameras=4)
    frame = replace(inferred_frame(), camera=camera)
    for _ in range(classifications):
        metrics.note_outcome(classified(frame))
    for _ in range(letters):
        metrics.note_outcome(dead_lettered(frame))
    metrics.build_info.info({"version": "0.1.0", "python": "3.12"})
    return metrics


def page(metrics: Metrics) -> Sequence[Sample]:
    return read_samples(metrics.registry)


def values(samples: Sequence[Sample]) -> dict[Key, float]:
    assert len({sample.key for sample in samples}) == len(samples), "a line stands there twice"
    return {sample.key: sample.value for sample in samples}


def gauge(name: str, value: float, *labels: tuple[str, str]) -> Sample:
    return Sample(name, name, labels, value)


def test_one_worker_alone_looks_as_if_it_served_itself() -> None:
    worker = a_worker(3, 2)
    worker.note_lag(Partition("frames", 1), 7)
    shown = SamplePage(lambda: merge([], [page(worker)])).registry
    for written in (generate_latest, open_metrics):
        ours, own = (written(it).decode().splitlines() for it in (shown, worker.registry))
        # A family without a line has no headline either.
        assert set(ours) <= set(own)
        assert [it for it in ours if it[0] != "#"] == [it for it in own if it[0] != "#"]


def test_a_page_survives_the_way_to_the_supervisor() -> None:
    sent = Report(ready=True, phase="running", samples=tuple(page(a_worker(3, 2))))
    assert read_report(write(sent)) == sent


def test_counters_and_histograms_add_up() -> None:
    registry = SamplePage(lambda: merge([], [page(a_worker(3, 1)), page(a_worker(4))])).registry
    ask = registry.get_sample_value
    assert ask("yardlight_frames_total", {"outcome": "classified"}) == 7
    assert ask("yardlight_frames_total", {"outcome": "dead-lettered"}) == 1
    assert ask("yardlight_frame_latency_seconds_count", {"stage": "total"}) == 7
    assert ask("yardlight_frame_latency_seconds_bucket", {"stage": "total", "le": "+Inf"}) == 7
    assert ask("yardlight_dead_letters_total", {"reason": "truncated"}) == 1


def test_the_buckets_of_a_histogram_stay_in_their_order() -> None:
    samples = merge([], [page(a_worker(0)), page(a_worker(2))])
    (family,) = [it for it in SamplePage(lambda: samples).collect() if "latency_sec" in it.name]
    bounds = [
        float(it.labels["le"])
        for it in family.samples
        if it.name.endswith("_bucket") and it.labels["stage"] == "total"
    ]
    assert bounds == sorted(bounds)
    assert bounds[-1] == float("inf")


def test_what_all_tell_stands_there_once_and_what_differs_for_each() -> None:
    one, other = a_worker(0), a_worker(0)
    one.engine_info.info({"kind": "openvino", "precision": "fp32", "digest": "sha256:1"})
    other.engine_info.info({"kind": "onnxruntime", "precision": "fp32", "digest": "sha256:2"})
    merged = values(merge([], [page(one), page(other)]))
    told = [(name, value) for (name, _), value in merged.items() if name.endswith("_info")]
    assert sorted(told).count(("yardlight_build_info", 1.0)) == 1
    assert sorted(told).count(("yardlight_engine_info", 1.0)) == 2


@pytest.mark.parametrize(
    ("name", "expected"), [(OWNED, 5.0), (LAG, 3.0), (NEWEST, 9.0)], ids=["sum", "max", "newest"]
)
def test_a_gauge_follows_its_own_rule(name: str, expected: float) -> None:
    ended = lasting([gauge(name, 9.0)])
    assert values(merge(ended, [[gauge(name, 2.0)], [gauge(name, 3.0)]])) == {(name, ()): expected}


def test_the_newest_exemplar_is_kept() -> None:
    old, new = (Exemplar({"trace_id": str(at)}, 0.1, at) for at in (1.0, 2.0))
    name = "yardlight_frame_latency_seconds_bucket"
    bucket = [Sample("yardlight_frame_latency_seconds", name, (), 1.0, it) for it in (new, old)]
    assert merge([], [bucket[:1], bucket[1:]])[0].exemplar == new


@settings(max_examples=30)
@given(pages, pages, pages)
def test_the_order_of_the_workers_does_not_matter(
    one: list[Sample], other: list[Sample], third: list[Sample]
) -> None:
    first, *others = (values(merge([], order)) for order in permutations((one, other, third)))
    assert all(other == first for other in others)


@settings(max_examples=30)
@given(pages, pages, pages)
def test_what_has_ended_may_be_summed_up_in_any_steps(
    one: list[Sample], other: list[Sample], living: list[Sample]
) -> None:
    ended = lasting(one), lasting(other)
    at_once = merge([], ended)
    step_by_step = merge(merge([], [ended[0]]), [ended[1]])
    assert values(merge(at_once, [living])) == values(merge(step_by_step, [living]))


@given(st.lists(st.tuples(st.integers(1, 3), st.booleans(), counts), max_size=30))
def test_no_counter_goes_back_whoever_ends(story: list[tuple[int, bool, float]]) -> None:
    """Each step a worker counts on from where its process is, or ends and begins at nothing."""
    tally, counted, total = Tally(0), dict.fromkeys((1, 2, 3), 0.0), 0.0
    key = ("yardlight_frames_total", (("outcome", "classified"),))
    for number, ends, more in story:
        counted[number] += more
        total += more
        tally.note(number, [Sample(FRAMES, key[0], key[1], counted[number])])
        if ends:
            tally.close(number)
            counted[number] = 0.0
        assert values(tally.page())[key] == total


def test_what_a_worker_was_is_forgotten_when_it_has_ended() -> None:
    tally = Tally(0)
    tally.note(1, [gauge(OWNED, 4.0), gauge(NEWEST, 8.0), gauge(LAG, 5.0)])
    tally.close(1)
    assert values(tally.page()) == {(NEWEST, ()): 8.0}
    tally.close(1)  # it had said nothing yet
    assert values(tally.page()) == {(NEWEST, ()): 8.0}


def test_as_many_cameras_are_labels_as_were_asked_for_whoever_knows_them() -> None:
    tally = Tally(2)
    for number, camera in enumerate(("gate-1", "gate-2", "gate-3", "gate-4"), 1):
        tally.note(number, page(a_worker(number, camera=camera)))
    name = "yardlight_camera_frames_total"
    seen = {
        labels[0][1]: value for (it, labels), value in values(tally.page()).items() if it == name
    }
    assert seen == {"gate-1": 1, "gate-2": 2, OTHER: 7}


def test_every_gauge_says_what_it_is_across_workers_and_nothing_else_does() -> None:
    assert all((metric.across is None) != (metric.kind == "gauge") for metric in ALL)
    assert {LISTED[name].across for name in (OWNED, LAG, NEWEST)} == {"sum", "max", "newest"}
    with pytest.raises(ValueError, match="yardlight_new, a gauge, has across=None"):
        Metric("yardlight_new", "gauge", "New.")
