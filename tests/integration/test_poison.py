"""A frame that kills or hangs the process which decodes it ends as one dead letter."""

from pathlib import Path
from typing import Any

import pytest

from edge.audit.report import CLEAN
from edge.audit.tally import Answer
from edge.settings import Delivery
from tests.integration.poison import (
    FREEZE,
    GREED,
    HANG,
    SEGFAULT,
    Supervised,
    poisonous,
    supervised,
)
from tests.integration.world import Place, Sent, World, pictures

pytestmark = pytest.mark.slow
GOOD = 40
HANG_WORDS = ("--hang-seconds", "4")


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


@pytest.mark.parametrize("poison", [HANG, FREEZE])
def test_a_frame_that_hangs_is_one_dead_letter_after_one_death(
    apache_world: World, tmp_path: Path, poison: bytes
) -> None:
    world = apache_world
    place = send(world, poison)
    with supervised(world, tmp_path, *HANG_WORDS) as members:
        members.until_done()
        assert [dead.process.returncode for dead in members.deaths] == [1], members.said()
        named = f"{world.topics.frames_topic}/{place.partition}/{place.offset}"
        assert poison == FREEZE or members.deaths[0].has_said(named)
        assert_clean_end(members)
    assert the_letter(world, place)["yardlight_reason"] == "hung"
    assert_only_that_one_was_lost(world, "at-least-once")


def test_a_frame_that_no_memory_is_enough_for_is_one_dead_letter(
    apache_world: World, tmp_path: Path
) -> None:
    place = send(apache_world, GREED)
    with supervised(apache_world, tmp_path) as members:
        members.until_done()
        assert len(members.deaths) == 1, members.said()
        assert_clean_end(members)
    assert the_letter(apache_world, place)["yardlight_reason"] == "crashed"
    assert_only_that_one_was_lost(apache_world, "at-least-once")


@pytest.mark.parametrize(("poison", "reason"), [(SEGFAULT, "crashed"), (FREEZE, "hung")])
def test_a_service_that_decodes_in_children_dies_of_no_frame(
    apache_world: World, tmp_path: Path, poison: bytes, reason: str
) -> None:
    world = apache_world
    place = send(world, poison)
    with supervised(world, tmp_path, "--isolate-decode", *HANG_WORDS) as members:
        members.until_done()
        assert members.deaths == [], members.said()
        assert_clean_end(members)
    assert the_letter(world, place)["yardlight_reason"] == reason
    assert_only_that_one_was_lost(world, "exactly-once")
