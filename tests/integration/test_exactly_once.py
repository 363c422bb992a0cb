"""Under exactly-once a reader of committed records sees each outcome once, whatever is killed."""

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from edge.audit.report import CLEAN
from edge.audit.tally import Answer
from tests.brokers.apache import ApacheKafka
from tests.integration.committed import committed_results
from tests.integration.running import Command, get, member
from tests.integration.traffic import Traffic
from tests.integration.world import Sent, World, pictures, slow_pictures, world_on
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
COUNT = 400
SEEN = 'yardlight_frames_total{outcome="classified"}'


@pytest.fixture
def world(apache_world: World) -> World:
    """The embedded broker shows aborted records to everybody, so only Apache Kafka will do."""
    return apache_world


@pytest.fixture
def traffic(world: World) -> Iterator[Traffic]:
    made = Traffic(world)
    yield made
    made.end()


def exact(world: World, log: Path, *more: str) -> AbstractContextManager[Command]:
    named = () if "--member" in more else ("--member", log.stem)
    return member(world, log, "--delivery", "exactly-once", *named, *more)


def assert_each_seen_once(world: World, count: int) -> None:
    wait_until(lambda: world.audit().pending == 0, "the end of the backlog")
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert report.total(Answer.CLASSIFIED) == count
    seen = committed_results(world)
    assert len(seen) == count
    assert set(seen.values()) == {1}


def in_mid_stream(running: Command) -> None:
    """Return while some frames are classified and most are not."""
    wait_until(lambda: running.metric(SEEN) >= 20, "the first classifications")
    assert running.metric(SEEN) < COUNT / 2, "the service was too fast to be disturbed"


def assigned(running: Command) -> float:
    return running.metric("yardlight_partitions_assigned")


def test_each_frame_is_seen_once_across_a_clean_stop_and_a_restart(
    world: World, tmp_path: Path
) -> None:
    world.send(slow_pictures(COUNT))
    with exact(world, tmp_path / "one.log") as first:
        in_mid_stream(first)
        assert first.stop() == 0, first.said()
    with exact(world, tmp_path / "one.log") as second:
        assert_each_seen_once(world, COUNT)
        assert second.stop() == 0, second.said()


def test_each_frame_is_seen_once_though_the_service_is_killed_again_and_again(
    world: World, tmp_path: Path
) -> None:
    world.send(slow_pictures(COUNT))
    for attempt in range(3):
        with exact(world, tmp_path / "one.log") as running:
            already = running.metric(SEEN)
            wait_until(lambda: running.metric(SEEN) > already + 20, f"progress {attempt}")  # noqa: B023
            running.stop(signal.SIGKILL)
    with exact(world, tmp_path / "one.log") as last:
        assert_each_seen_once(world, COUNT)
        assert last.stop() == 0, last.said()


def test_members_that_come_and_go_repeat_nothing(
    world: World, traffic: Traffic, tmp_path: Path
) -> None:
    with exact(world, tmp_path / "one.log") as first, exact(world, tmp_path / "two.log") as second:
        wait_until(lambda: (assigned(first), assigned(second)) == (2, 2), "sharing")
        before = traffic.sent
        wait_until(lambda: traffic.sent > before + 50, "traffic while shared")
        second.stop(signal.SIGKILL)
        wait_until(lambda: assigned(first) == 4, "the other's partitions")
        with exact(world, tmp_path / "three.log") as third:
            wait_until(lambda: (assigned(first), assigned(third)) == (2, 2), "sharing again")
            before = traffic.sent
            wait_until(lambda: traffic.sent > before + 50, "traffic while shared again")
            assert third.stop() == 0, third.said()
        wait_until(lambda: assigned(first) == 4, "all partitions again")
        assert_each_seen_once(world, traffic.end())
        assert first.stop() == 0, first.said()


def test_a_member_that_was_frozen_past_its_session_commits_nothing_of_what_others_did(
    world: World, traffic: Traffic, tmp_path: Path
) -> None:
    with exact(world, tmp_path / "one.log") as first, exact(world, tmp_path / "two.log") as second:
        wait_until(lambda: (assigned(first), assigned(second)) == (2, 2), "sharing")
        before = second.metric(SEEN)
        wait_until(lambda: second.metric(SEEN) > before + 10, "frames in its hands")
        second.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: assigned(first) == 4, "the frozen member's partitions")
        second.process.send_signal(signal.SIGCONT)
        wait_until(lambda: (assigned(first), assigned(second)) == (2, 2), "its return")
        assert_each_seen_once(world, traffic.end())
        assert first.stop() == 0, first.said()
        assert second.stop() == 0, second.said()


def test_a_broker_that_dies_and_comes_back_loses_and_repeats_nothing(
    apache_kafka: ApacheKafka, tiny_bundle: Path, engine_cache: Path, tmp_path: Path
) -> None:
    with ApacheKafka() as broker:
        assert broker.address != apache_kafka.address  # which others use; it also skips loudly
        world = world_on(broker, tiny_bundle, engine_cache)
        world.send(slow_pictures(COUNT))
        with exact(world, tmp_path / "one.log") as running:
            in_mid_stream(running)
            broker.kill()
            broker.start()
            assert_each_seen_once(world, COUNT)
            assert running.stop() == 0, running.said()


def test_two_processes_with_one_name_are_told_so(
    world: World, traffic: Traffic, tmp_path: Path
) -> None:
    with (
        exact(world, tmp_path / "one.log") as first,
        member(
            world, tmp_path / "b.log", "--delivery", "exactly-once", "--member", "one"
        ) as second,
    ):
        wait_until(lambda: not (first.running and second.running), "one of them to give up")
        ended, other = (second, first) if first.running else (first, second)
        assert ended.ended() == 1
        assert "give each process of the group a --member of its own" in ended.said()
        assert_each_seen_once(world, traffic.end())
        assert other.stop() == 0, other.said()


def test_a_broker_that_shows_aborted_records_is_refused(
    embedded_world: World, tmp_path: Path
) -> None:
    with exact(embedded_world, tmp_path / "one.log") as running:
        assert running.ended() == 1
        assert "cannot keep exactly-once" in running.said()
        assert "--delivery at-least-once" in running.said()


def test_a_single_broker_is_warned_about(world: World, tmp_path: Path) -> None:
    with exact(world, tmp_path / "one.log") as running:
        running.ready()
        assert running.has_said("a single broker holds all transactions")
        assert get(f"{running.url}/health/live")[0] == 200


def test_a_frame_that_its_dead_letter_topic_does_not_take_is_dead_lettered_by_reference(
    world: World, tmp_path: Path
) -> None:
    huge = Sent(b"no picture " * 200_000, partition=0)
    world.send([*pictures(20), huge, *pictures(20)])
    with exact(world, tmp_path / "one.log", "--max-frame-bytes", str(1 << 20)) as running:
        wait_until(lambda: world.audit().pending == 0, "all frames")
        assert running.stop() == 0, running.said()
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert (report.total(Answer.CLASSIFIED), report.total(Answer.DEAD_LETTERED)) == (40, 1)
