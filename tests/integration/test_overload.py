"""Three times the frames that the engine can run: cameras share it, and results stay fresh."""

import threading
from collections import Counter
from dataclasses import replace

import pytest

from edge.audit.report import CLEAN
from edge.audit.tally import Answer
from edge.fairness import FairShare
from edge.frame import Frame
from edge.pipeline import intake, poll
from edge.service import Service
from edge.settings.freshness import FreshnessSettings
from edge.settings.run import RunSettings
from tests.integration.overload import RATES, run_slowly, traffic
from tests.integration.running import serving
from tests.integration.slow import slow_engine
from tests.integration.world import World
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.slow
MAX_AGE = 2.0
QUEUE_FRAMES = 96
ENOUGH = 1500
"""Frames sent before a test looks at what became of them."""


class Watched(FairShare):
    """Remembers the most that ever waited."""

    most_frames = most_bytes = 0

    def put(self, frame: Frame) -> list[Frame]:
        gone = super().put(frame)
        Watched.most_frames = max(Watched.most_frames, self._bound.frames)
        Watched.most_bytes = max(Watched.most_bytes, self._bound.bytes)
        return gone


def shedding(world: World) -> RunSettings:
    return replace(
        world.settings,
        freshness=FreshnessSettings(max_age=MAX_AGE, overload="shed"),
        limits=replace(world.settings.limits, queue_frames=QUEUE_FRAMES, queue_bytes=1 << 20),
    )


def owned(service: Service) -> float:
    """Partitions that it owns now."""
    return float(service.metrics.partitions_assigned._value.get())


def lag(service: Service) -> float:
    """Frames that it has not polled, in all partitions."""
    return sum(
        sample.value for family in service.metrics.lag.collect() for sample in family.samples
    )


def finished(service: Service) -> float:
    """Frames whose outcomes the broker has."""
    counted = (service.metrics.frames.labels(name) for name in ("classified", "skipped"))
    return sum(float(counter._value.get()) for counter in counted)


def hold(until: threading.Event) -> None:
    assert until.wait(PATIENCE)


def work_off(world: World) -> None:
    wait_until(lambda: world.audit().pending == 0, "the end of the backlog")


def test_under_shed_every_camera_gets_its_share_of_fresh_results(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "FairShare", Watched)
    Watched.most_frames = Watched.most_bytes = 0
    with slow_engine(run_slowly), serving(shedding(world)), traffic(world) as cameras:
        wait_until(lambda: cameras.total >= 2 * ENOUGH, "traffic")
        cameras.stop.set()
        work_off(world)
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    classified, skipped = report.total(Answer.CLASSIFIED), report.total(Answer.SKIPPED)
    assert classified + skipped == cameras.total
    assert skipped > classified, "the engine was too fast to be overloaded"
    results = world.results(classified)
    for seen in results:
        assert seen.latency["transport"] + seen.latency["queue"] <= MAX_AGE
    served = Counter(seen.camera for seen in results)
    fair = classified / len(RATES)
    assert served.keys() == RATES.keys()
    for camera, count in served.items():
        assert count == pytest.approx(fair, rel=0.1, abs=1), camera
    assert {seen.reason for seen in world.skipped(skipped)} <= {"shed", "expired"}
    assert QUEUE_FRAMES / 2 < Watched.most_frames <= QUEUE_FRAMES
    assert Watched.most_bytes <= 1 << 20


def test_under_shed_partitions_change_hands_without_a_repeat(world: World) -> None:
    with slow_engine(run_slowly), serving(shedding(world)) as first, traffic(world) as cameras:
        wait_until(lambda: cameras.total >= ENOUGH / 3, "traffic")
        with serving(shedding(world)) as second:
            wait_until(lambda: owned(first) == owned(second) == 2, "sharing")
            wait_until(lambda: cameras.total >= ENOUGH, "traffic while shared")
        wait_until(lambda: owned(first) == 4, "the other's partitions")
        cameras.stop.set()
        work_off(world)
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert report.total(Answer.CLASSIFIED) + report.total(Answer.SKIPPED) == cameras.total


def test_while_the_engine_is_stuck_lag_grows_rather_than_memory(
    embedded_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outcomes of shed frames wait for that of the stuck one, so their number is bounded."""
    world, go_on, most = embedded_world, threading.Event(), 200
    monkeypatch.setattr(poll, "_MAX_IN_FLIGHT", most)
    settings = shedding(world)
    settings = replace(settings, freshness=replace(settings.freshness, max_age=None))
    with slow_engine(lambda _: hold(go_on)), serving(settings) as service:
        with traffic(world) as cameras:
            wait_until(lambda: lag(service) > 500, "lag")
        wait_until(
            # What one poll brings may come on top.
            lambda: cameras.total - lag(service) - finished(service) <= most + QUEUE_FRAMES,
            "all that is not in flight in the lag",
        )
        go_on.set()
        work_off(world)
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert report.total(Answer.CLASSIFIED) + report.total(Answer.SKIPPED) == cameras.total


def test_under_block_lag_grows_and_no_frame_is_skipped(embedded_world: World) -> None:
    world = embedded_world
    limits = replace(world.settings.limits, queue_frames=8)
    with slow_engine(run_slowly), serving(replace(world.settings, limits=limits)) as service:
        with traffic(world) as cameras:
            wait_until(lambda: cameras.total >= ENOUGH / 5, "traffic")
            assert service.metrics.frames.labels("classified")._value.get() < cameras.total / 2
        work_off(world)
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert report.total(Answer.CLASSIFIED) == cameras.total
