"""Three brokers, and what happens to them and to the networks before them: nothing is lost, and
under exactly-once nothing is repeated.

Every test ends with the audit and with a count by another client library (`yard`).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from edge.kafka.topics import TopicAdmin, plan_topics
from edge.settings.delivery import Delivery
from tests.brokers.cluster import SIZE, Cluster
from tests.faults.fleet import Fleet
from tests.faults.recount import recount
from tests.faults.yard import Yard, yard
from tests.integration.world import PARTITIONS, Place, World, pictures, world_on
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
_FRAMES = 40
Opening = Callable[..., AbstractContextManager[Yard]]


@pytest.fixture
def opened(three_brokers: Cluster, tiny_bundle: Path, tmp_path: Path) -> Iterator[Opening]:
    """Under exactly-once unless told; the cluster is whole before and after."""

    def opens(
        delivery: Delivery = "exactly-once", members: int = 2
    ) -> AbstractContextManager[Yard]:
        return yard(three_brokers, delivery, tiny_bundle, tmp_path, members)

    yield opens
    three_brokers.heal()


def whole_again(it: Yard) -> None:
    topic = it.world.topics.frames_topic
    wait_until(lambda: it.cluster.in_sync(topic), "all copies of the frames")


def test_a_leader_that_is_killed_and_one_that_is_elected_lose_and_repeat_nothing(
    opened: Opening,
) -> None:
    with opened() as it:
        topic = it.world.topics.frames_topic
        first = it.cluster.leader(topic)
        with it.cluster.without(first):
            wait_until(lambda: it.cluster.leader(topic) not in {first, -2}, "another leader")
            it.work()
        whole_again(it)
        it.cluster.elect_first(topic)
        wait_until(lambda: it.cluster.leader(topic) == first, "the first leader")


@pytest.mark.minutes
def test_the_coordinator_of_the_group_moves(opened: Opening) -> None:
    with opened() as it:
        first = it.cluster.coordinator(it.world.group)
        group = it.world.group
        with it.cluster.without(first):
            wait_until(lambda: it.cluster.coordinator(group) != first, "another coordinator")
            it.work()
        whole_again(it)


def test_a_network_that_is_cut_and_comes_back(opened: Opening) -> None:
    with opened() as it:
        for proxy in it.cluster.proxies:
            proxy.cut()
        before = it.traffic.sent
        wait_until(lambda: it.traffic.sent > before + 50, "frames that nobody can read")
        it.cluster.heal()


@pytest.mark.minutes
def test_connections_that_stay_open_and_carry_nothing(opened: Opening) -> None:
    with opened() as it:
        it.cluster.proxies[it.cluster.coordinator(it.world.group)].silence()
        before = it.traffic.sent
        wait_until(lambda: it.traffic.sent > before + 500, "longer than a session")
        it.cluster.heal()


@pytest.mark.minutes
@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_a_broker_that_is_slow(opened: Opening, delivery: Delivery) -> None:
    with opened(delivery) as it:
        it.cluster.proxies[0].slow(0.2)
        it.work()


@pytest.mark.minutes
def test_partitions_that_are_added_are_read_from_their_first_frame(opened: Opening) -> None:
    with opened() as it:
        topics = it.world.topics
        it.cluster.add_partitions(topics.frames_topic, 6)
        sent = it.world.send([replace(pictures(1)[0], partition=number) for number in (4, 5) * 4])
        assert {place.partition for place in sent} == {4, 5}


@pytest.mark.minutes
@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_members_that_come_and_go_faster_than_the_group_forms(
    opened: Opening, delivery: Delivery
) -> None:
    with opened(delivery, members=3) as it:
        for number in range(6):
            it.fleet.kill(number % 3) if number % 2 else it.fleet.stop(number % 3)
            it.fleet.mend()


def seen(world: World) -> Counter[Place]:
    """How often a reader of committed records sees an outcome of each place."""
    found = recount(world.kafka.bootstrap_servers, world.topics)
    return Counter(Place(*place) for place in found.outcomes.elements())


@pytest.mark.minutes
@pytest.mark.parametrize("again", [_FRAMES // 4, 2 * _FRAMES])
@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_a_topic_that_is_deleted_and_made_again_is_read_from_its_first_frame(
    three_brokers: Cluster, tiny_bundle: Path, tmp_path: Path, delivery: Delivery, again: int
) -> None:
    """Though the new one may already be longer than the old one was."""
    world = world_on(three_brokers, tiny_bundle, tmp_path / "engines", replication=SIZE)
    words = ("--bootstrap-servers", three_brokers.through_proxies)
    frames = world.topics.frames_topic
    with Fleet(world, tmp_path, delivery, 2, *words) as fleet:
        expected = Counter(world.send(pictures(_FRAMES)))
        wait_until(lambda: seen(world) == expected, "the frames of the first topic")
        three_brokers.delete(frames)
        with TopicAdmin(world.kafka) as admin:
            plans = plan_topics(world.topics, PARTITIONS, SIZE)
            wait_until(lambda: frames in admin.create(plans), "a new topic of the old name")
        expected += Counter(world.send(pictures(again)))
        wait_until(lambda: seen(world) >= expected, "the frames of the second topic")
        wait_until(lambda: world.audit().pending == 0, "positions in the second topic")
        assert set(fleet.stop_all()) == {0}
        assert fleet.failures == []
    assert delivery == "at-least-once" or seen(world) == expected
