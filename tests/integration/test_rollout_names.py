"""Two nodes that were given one name are both seen, and said to be two."""

from pathlib import Path

import pytest

from tests.candidates import make_candidate
from tests.integration.crewed import all_ready
from tests.integration.running import ended
from tests.integration.test_rollout import traffic
from tests.integration.world import World
from tests.integration.yard import SLOT, Yard
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def yard(apache_world: World, tmp_path: Path) -> Yard:
    return Yard(apache_world, tmp_path)


def test_of_two_nodes_of_one_name_both_are_waited_for_and_shown(yard: Yard, tmp_path: Path) -> None:
    good, worse = make_candidate(tmp_path / "good"), make_candidate(tmp_path / "worse", "shuffled")
    with yard.node("one") as first, yard.node("other", called="one") as second:
        first.ready()
        second.ready()
        with traffic(yard.world):
            done = yard.roll_out(good.folder, "--wait")
            assert done.returncode == 0, done.stdout + done.stderr
            refused = yard.roll_out(worse.folder, "--wait")
        shown = ended(yard.world, "rollout", "status", "--slot", SLOT)
        told = yard.status()
        assert (first.stop(), second.stop()) == (0, 0)
    assert done.stdout.count("one: serving") == 2
    assert (refused.returncode, refused.stdout.count("one: rolled-back")) == (1, 2)
    for said in (done.stderr, refused.stderr, shown.stderr):
        assert "2 services call themselves one" in said
    assert told["shared_names"] == {"one": 2}
    assert {one["state"] for one in told["nodes"]} == {"rolled-back"}
    assert len({one["instance"] for one in told["nodes"]}) == 2


def test_a_node_that_starts_again_and_its_workers_share_no_name(yard: Yard) -> None:
    first = instances_of_a_run(yard, set())
    second = instances_of_a_run(yard, first)
    told = yard.status()
    assert [one["node"] for one in told["nodes"]] == ["one-worker-1", "one-worker-2"]
    assert {one["instance"] for one in told["nodes"]} == second
    assert told["shared_names"] == {}


def instances_of_a_run(yard: Yard, before: set[str]) -> set[str]:
    """What a service with two workers calls them this time."""

    def instances() -> set[str]:
        return {one.instance for one in yard.said().values()} - before

    with yard.node("one", "--workers", "2") as node:
        all_ready(node)
        wait_until(lambda: len(instances()) == 2, "both workers' words")
        assert node.stop() == 0, node.said()
        return instances()
