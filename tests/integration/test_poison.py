"""A frame that kills or hangs the process which decodes it ends as one dead letter."""

import os
import signal
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient

from edge.audit.report import CLEAN
from edge.audit.tally import Answer
from edge.settings.delivery import Delivery
from tests.integration.poison import (
    FREEZE,
    GATE,
    HANG,
    SEGFAULT,
    Supervised,
    decoder_that_falls,
    open_gate,
    poisonous,
    supervised,
)
from tests.integration.running import Command, command, member, options
from tests.integration.world import Place, Sent, World, pictures
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
GOOD = 40
SEEN = 'yardlight_frames_total{outcome="classified"}'
DIED = "whoever had this partition died"
HANG_WORDS = ("--hang-seconds", "6")


def with_one(poison: bytes) -> list[Sent]:
    """Good frames in every partition, and one in the midst of them that is not."""
    frames = list(pictures(GOOD))
    return [*frames[:21], poisonous(frames[21], poison), *frames[21:]]


def send(world: World, poison: bytes) -> Place:
    """Where the poisonous frame lies."""
    return world.send(with_one(poison))[21]


def the_letter(world: World, place: Place) -> dict[str, str]:
    """The headers of the only dead letter, which is of that frame."""
    (letter,) = world.dead_letters(1)
    headers: dict[str, Any] = dict(letter.headers)
    told = {name: value.decode() for name, value in headers.items()}
    assert told["yardlight_partition"] == str(place.partition)
    assert told["yardlight_offset"] == str(place.offset)
    return told


def assert_only_that_one_was_lost(world: World, delivery: Delivery) -> None:
    report = world.audit()
    assert report.status(delivery) == CLEAN
    assert report.total(Answer.CLASSIFIED) == GOOD
    assert report.total(Answer.DEAD_LETTERED) == 1


def assert_clean_end(members: Supervised) -> None:
    assert set(members.stop()) == {0}, members.said()


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_a_frame_that_kills_its_process_is_one_dead_letter_after_one_death(
    apache_world: World, tmp_path: Path, delivery: Delivery
) -> None:
    world = apache_world
    place = send(world, SEGFAULT)
    with supervised(world, tmp_path, "--delivery", delivery, members=2) as members:
        members.until_done()
        assert [dead.process.returncode for dead in members.deaths] == [-11], members.said()
        assert_clean_end(members)
    told = the_letter(world, place)
    assert told["yardlight_reason"] == "crashed"
    assert "SIGSEGV" in told["yardlight_error"]
    assert_only_that_one_was_lost(world, delivery)


def test_a_frame_that_hangs_is_one_dead_letter_after_one_death(
    apache_world: World, tmp_path: Path
) -> None:
    world = apache_world
    place = send(world, HANG)
    with supervised(world, tmp_path, *HANG_WORDS) as members:
        members.until_done()
        assert [dead.process.returncode for dead in members.deaths] == [1], members.said()
        named = f"{world.topics.frames_topic}/{place.partition}/{place.offset}"
        assert members.deaths[0].has_said(f"at frame {named}")
        assert_clean_end(members)
    assert the_letter(world, place)["yardlight_reason"] == "hung"
    assert_only_that_one_was_lost(world, "at-least-once")


def test_a_service_that_decodes_in_children_dies_of_no_frame(
    apache_world: World, tmp_path: Path
) -> None:
    world = apache_world
    world.send([*with_one(SEGFAULT), poisonous(pictures(1)[0], FREEZE)])
    with supervised(world, tmp_path, "--isolate-decode", *HANG_WORDS) as members:
        members.until_done()
        assert members.deaths == [], members.said()
        assert_clean_end(members)
    letters = [dict(letter.headers) for letter in world.dead_letters(2)]
    assert {letter["yardlight_reason"] for letter in letters} == {b"crashed", b"hung"}
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert report.total(Answer.CLASSIFIED) == GOOD
    assert report.total(Answer.DEAD_LETTERED) == 2


def test_members_and_children_that_are_killed_from_outside_convict_no_frame(
    apache_world: World, tmp_path: Path
) -> None:
    world = apache_world
    send(world, GATE)
    decoder = dict(decoder_that_falls(tmp_path / "decoder"))

    def run(name: str) -> AbstractContextManager[Command]:
        words = options(world, "--hang-seconds", "600")
        return command(tmp_path / name, "edge.cli", "run", *words, environment=decoder)

    with run("first.log") as first:
        wait_until(lambda: first.metric(SEEN) > 0, "the first classification")
        first.stop(signal.SIGKILL)
    for attempt in range(2):
        with run(f"again-{attempt}.log") as again:
            again.wait_for(DIED)
            again.stop(signal.SIGKILL)
    with run("last.log") as last:
        last.wait_for("decoding in a child")
        killed: set[int] = set()

        def at_work() -> bool:
            """One that is killed before it has a frame says nothing of it; another follows."""
            for child in {line["pid"] for line in last.lines() if "pid" in line} - killed:
                killed.add(child)
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            return last.has_said("ended from outside by SIGKILL")

        wait_until(at_work, "a child that is killed with a frame in its hands")
        open_gate(decoder)
        wait_until(lambda: world.audit().pending == 0, "the end of the backlog")
        assert last.metric("yardlight_suspects_total") > 0
        assert last.stop() == 0, last.said()
    report = world.audit()
    assert report.status("at-least-once") == CLEAN
    assert report.total(Answer.CLASSIFIED) == GOOD + 1
    assert report.total(Answer.DEAD_LETTERED) == 0


def test_partitions_that_change_hands_in_order_bring_no_suspects(
    apache_world: World, tmp_path: Path
) -> None:
    """Under exactly-once, where the note must not get in the way of a transaction."""
    world = apache_world

    def exact(name: str) -> AbstractContextManager[Command]:
        return member(world, tmp_path / name, "--delivery", "exactly-once", "--member", name)

    world.send(pictures(GOOD))
    with exact("one") as one:
        wait_until(lambda: one.metric(SEEN) == GOOD, "the first frames")
        with exact("two") as two:
            wait_until(lambda: assigned(one) == assigned(two) == 2, "sharing")
            world.send(pictures(GOOD))
            wait_until(lambda: one.metric(SEEN) + two.metric(SEEN) == 2 * GOOD, "more frames")
            assert two.stop() == 0, two.said()
        wait_until(lambda: assigned(one) == 4, "all partitions again")
        world.send(pictures(GOOD))
        wait_until(lambda: world.audit().total(Answer.CLASSIFIED) == 3 * GOOD, "all frames")
        assert not one.has_said(DIED)
        assert not two.has_said(DIED)
        assert one.stop() == 0, one.said()
    assert notes(world) == {""}


def test_what_a_killed_member_worked_on_is_noted_where_the_next_one_looks(
    apache_world: World, tmp_path: Path
) -> None:
    with member(apache_world, tmp_path / "member.log") as running:
        wait_until(lambda: notes(apache_world) == {"working 0"}, "the notes")
        running.stop(signal.SIGKILL)
    assert notes(apache_world) == {"working 0"}


def assigned(running: Command) -> float:
    return running.metric("yardlight_partitions_assigned")


def notes(world: World) -> set[str]:
    """What stands beside the committed positions of the group."""
    with closing(KafkaAdminClient(bootstrap_servers=world.kafka.bootstrap_servers)) as admin:
        committed = admin.list_group_offsets(world.group)[world.group]
    return {found.metadata for found in committed.values()}
