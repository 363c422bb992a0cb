"""The only broker is gone, for seconds or for minutes: members wait for it, and nothing is lost."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

from edge.settings.delivery import Delivery
from tests.brokers.apache import ApacheKafka
from tests.brokers.fixtures import insist_on_apache
from tests.faults.fleet import Fleet
from tests.faults.yard import accounted
from tests.integration.world import World, pictures, slow_pictures, world_on
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
_FRAMES = 400
_MINUTES = 150.0
"""Longer than any client of ours waits for anything: a producer gives up a record after 120 s."""
LASTING = [5.0, pytest.param(_MINUTES, marks=[pytest.mark.minutes, pytest.mark.timeout(600)])]
SEEN = 'yardlight_frames_total{outcome="classified"}'


@dataclass(frozen=True, slots=True)
class _Outage:
    broker: ApacheKafka
    world: World
    fleet: ExitStack
    folder: Path

    def members(self, delivery: Delivery) -> Fleet:
        return self.fleet.enter_context(Fleet(self.world, self.folder, delivery, 2))

    def lasts(self, seconds: float) -> None:
        """It is gone as long, and comes back where it was."""
        time.sleep(seconds)
        self.broker.start()

    def ended(self, fleet: Fleet, delivery: Delivery) -> None:
        """All is done, by the members that were there at first."""
        fleet.until_done()
        assert fleet.failures == []
        assert set(fleet.stop_all()) == {0}, fleet.said()
        accounted(self.broker.address, self.world, delivery)


@pytest.fixture
def outage(pytestconfig: pytest.Config, tiny_bundle: Path, tmp_path: Path) -> Iterator[_Outage]:
    insist_on_apache(pytestconfig)
    with ApacheKafka() as broker, ExitStack() as fleet:
        yield _Outage(broker, world_on(broker, tiny_bundle, tmp_path / "engines"), fleet, tmp_path)


@pytest.mark.minutes
@pytest.mark.parametrize("seconds", LASTING)
@pytest.mark.parametrize("delivery", get_args(Delivery))
def test_a_broker_that_is_gone_at_the_start_is_waited_for(
    outage: _Outage, delivery: Delivery, seconds: float
) -> None:
    outage.world.send(pictures(_FRAMES))
    outage.broker.stop()
    fleet = outage.members(delivery)
    wait_until(lambda: fleet.all_said("waiting for a broker"), "members that wait")
    outage.lasts(seconds)
    outage.ended(fleet, delivery)


@pytest.mark.parametrize("seconds", LASTING)
@pytest.mark.parametrize("delivery", get_args(Delivery))
def test_a_broker_that_is_gone_in_mid_run_is_waited_for(
    outage: _Outage, delivery: Delivery, seconds: float
) -> None:
    outage.world.send(slow_pictures(_FRAMES))
    fleet = outage.members(delivery)
    wait_until(lambda: fleet.metric(SEEN) > _FRAMES / 10, "the first classifications")
    outage.broker.kill()
    assert fleet.metric(SEEN) < _FRAMES, "the members were too fast to be disturbed"
    outage.lasts(seconds)
    outage.ended(fleet, delivery)
