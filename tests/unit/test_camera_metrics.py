"""Metrics of each camera: only when asked for, and never more than was asked for."""

from dataclasses import replace

from prometheus_client.exposition import generate_latest

from edge.observe.camera_metrics import OTHER
from edge.observe.metrics import Metrics
from edge.outcome import Classified
from tests.unit.outcomes import classified, dead_lettered, inferred_frame

FRAMES = "yardlight_camera_frames_total"
NEWEST = "yardlight_camera_newest_outcome_timestamp_seconds"
PAGE_BYTES = 200_000


def seen_by(camera: str) -> Classified:
    return classified(replace(inferred_frame(), camera=camera))


def value(metrics: Metrics, name: str, camera: str) -> float | None:
    return metrics.registry.get_sample_value(name, {"camera": camera})


def test_unless_asked_for_there_are_none() -> None:
    metrics = Metrics()
    metrics.note_outcome(seen_by("gate-1"))
    assert value(metrics, FRAMES, "gate-1") is None


def test_each_camera_is_counted_and_its_newest_outcome_timed() -> None:
    now = 1_790_000_000.0
    metrics = Metrics(cameras=2, wall=lambda: now)
    metrics.note_outcome(seen_by("gate-1"))
    metrics.note_outcome(seen_by("gate-1"))
    metrics.note_outcome(dead_lettered(replace(inferred_frame(), camera="gate-2")))
    assert [value(metrics, FRAMES, camera) for camera in ("gate-1", "gate-2")] == [2.0, 1.0]
    assert value(metrics, NEWEST, "gate-2") == now


def test_cameras_beyond_the_limit_are_counted_together() -> None:
    metrics = Metrics(cameras=2)
    for number in range(50):
        metrics.note_outcome(seen_by(f"gate-{number}"))
    metrics.note_outcome(seen_by("gate-1"))
    assert [value(metrics, FRAMES, it) for it in ("gate-0", "gate-1", OTHER)] == [1.0, 2.0, 48.0]
    assert value(metrics, FRAMES, "gate-2") is None


def test_a_camera_cannot_make_the_page_large_by_a_long_name() -> None:
    metrics = Metrics(cameras=2)
    metrics.note_outcome(seen_by("g" * 100_000))
    assert value(metrics, FRAMES, OTHER) == 1.0
    assert len(generate_latest(metrics.registry)) < PAGE_BYTES


def test_a_page_for_64_cameras_is_small() -> None:
    metrics = Metrics(cameras=64)
    for number in range(100):
        metrics.note_outcome(seen_by(f"camera-with-a-rather-long-name-at-gate-{number}".ljust(64)))
        metrics.note_outcome(dead_lettered())
    page = generate_latest(metrics.registry)
    assert page.count(b"yardlight_camera_frames_total{") == 65
    assert len(page) < PAGE_BYTES
