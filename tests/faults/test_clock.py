"""The clock of the machine is set while the service runs: no frame is lost, repeated, or expired
that is not too old.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from edge.audit.report import CLEAN
from edge.audit.tally import Answer
from edge.service import Service
from edge.settings.freshness import FreshnessSettings
from edge.settings.run import RunSettings
from tests.brokers.apache import ApacheKafka
from tests.integration.running import serving
from tests.integration.world import World, pictures, world_on
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
HOUR = 3600.0
MAX_AGE = 60.0
TOO_OLD = 2 * MAX_AGE


@dataclass
class MachineClock:
    """The system's, wrong by so many seconds."""

    set_by: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.set_by


@pytest.fixture
def world(apache_kafka: ApacheKafka, tiny_bundle: Path, tmp_path: Path) -> World:
    return world_on(apache_kafka, tiny_bundle, tmp_path / "engines")


def with_max_age(world: World) -> RunSettings:
    return replace(world.settings, freshness=FreshnessSettings(max_age=MAX_AGE))


def send(world: World, fresh: int, old: int) -> None:
    at = int((time.time() - TOO_OLD) * 1000)
    late = [replace(frame, timestamp=at) for frame in pictures(old)]
    world.send([*pictures(fresh), *late])


def finished(world: World, classified: int, skipped: int) -> None:
    """Return once so many are, each exactly once."""
    wait_until(lambda: world.audit().pending == 0, "all frames")
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert report.total(Answer.CLASSIFIED) == classified
    assert report.total(Answer.SKIPPED) == skipped


def has_followed(service: Service) -> bool:
    return service._wall.step == 0.0


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_clock_that_jumps_makes_no_frame_older_or_younger(world: World, jump: float) -> None:
    clock = MachineClock()
    with serving(with_max_age(world), clock) as service:
        send(world, fresh=20, old=4)
        finished(world, classified=20, skipped=4)
        clock.set_by = jump
        send(world, fresh=20, old=4)
        finished(world, classified=40, skipped=8)
        assert not has_followed(service)


@pytest.mark.parametrize("wrong", [HOUR, -HOUR])
def test_a_clock_that_is_set_right_is_followed(world: World, wrong: float) -> None:
    clock = MachineClock(wrong)
    with serving(with_max_age(world), clock) as service:
        clock.set_by = 0.0
        wait_until(lambda: has_followed(service), "the broker's word")
        send(world, fresh=20, old=4)
        finished(world, classified=20, skipped=4)
