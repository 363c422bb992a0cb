"""Members of one group share the partitions, and hand them over without losing or repeating."""

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.audit.report import CLEAN
from edge.audit.tally import Answer
from tests.integration.running import Command, get, member
from tests.integration.traffic import Traffic
from tests.integration.world import World
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def traffic(world: World) -> Iterator[Traffic]:
    made = Traffic(world)
    yield made
    made.end()


def assigned(running: Command) -> float:
    """Partitions that a member owns, by its own metric."""
    return running.metric("yardlight_partitions_assigned")


def test_two_members_share_partitions_and_one_leaves(
    world: World, traffic: Traffic, tmp_path: Path
) -> None:
    with member(world, tmp_path / "1.log") as first, member(world, tmp_path / "2.log") as second:
        first.ready()
        second.ready()
        wait_until(lambda: (assigned(first), assigned(second)) == (2, 2), "sharing")
        before = traffic.sent
        wait_until(lambda: traffic.sent > before + 50, "traffic while shared")
        assert second.stop() == 0, second.said()
        wait_until(lambda: assigned(first) == 4, "the other's partitions")
        before = traffic.sent
        wait_until(lambda: traffic.sent > before + 50, "traffic after that")
        sent = traffic.end()
        results = world.results(sent)
        assert first.stop() == 0, first.said()
    assert len(results) == sent
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert report.total(Answer.CLASSIFIED) == sent


def test_a_killed_member_is_taken_over_from(world: World, traffic: Traffic, tmp_path: Path) -> None:
    with member(world, tmp_path / "1.log") as first, member(world, tmp_path / "2.log") as second:
        wait_until(lambda: (assigned(first), assigned(second)) == (2, 2), "sharing")
        second.stop(signal.SIGKILL)
        wait_until(lambda: assigned(first) == 4, "the other's partitions")
        sent = traffic.end()
        wait_until(lambda: world.audit().pending == 0, "the end of the backlog")
        assert first.stop() == 0, first.said()
    report = world.audit()
    assert report.status("at-least-once") == CLEAN
    assert report.total(Answer.CLASSIFIED) == sent


def test_more_members_than_partitions_wait_in_the_group(
    apache_world: World, tmp_path: Path
) -> None:
    running = [member(apache_world, tmp_path / f"{number}.log") for number in range(5)]
    with running[0] as a, running[1] as b, running[2] as c, running[3] as d, running[4] as e:
        every = (a, b, c, d, e)
        for one in every:
            one.ready()
        wait_until(lambda: Counter(map(assigned, every)) == {1: 4, 0: 1}, "one partition each")
        for one in every:
            assert get(f"{one.url}/health/ready")[0] == 200
