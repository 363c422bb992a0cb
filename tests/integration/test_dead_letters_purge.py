"""Letters deleted for good: only those that were asked for, unless somebody agrees to more."""

from dataclasses import replace

import pytest

from edge.audit.report import CLEAN, COULD_NOT_TELL
from tests.integration.running import ended, serving
from tests.integration.world import Sent, World, new_topics

pytestmark = pytest.mark.slow


@pytest.fixture
def letters(apache_world: World) -> World:
    """One partition with letters of gate-1, gate-1, gate-2, gate-1."""
    world = replace(apache_world, topics=new_topics())
    world.create_topics(partitions=1)
    world.send(Sent(b"text", key) for key in (b"gate-1", b"gate-1", b"gate-2", b"gate-1"))
    with serving(world.settings):
        world.dead_letters(4)
    return world


def purged(world: World, *words: str) -> tuple[int, str]:
    done = ended(world, "dead-letters", "purge", *words)
    return done.returncode, done.stdout + done.stderr


def left(world: World, at_least: int) -> list[int]:
    return [letter.offset for letter in world.dead_letters(at_least)]


def test_a_selection_that_leaves_older_letters_in_between_is_refused(letters: World) -> None:
    status, said = purged(letters, "--camera", "gate-2", "--yes")
    assert status == 1
    assert "(2 letters, other records up to 0)" in said
    assert "--all-before" in said
    assert left(letters, 4) == [0, 1, 2, 3]


def test_letters_that_lie_at_the_beginning_are_deleted_and_no_others(letters: World) -> None:
    with letters.producer() as producer:
        for letter in letters.dead_letters(4)[:1]:
            headers = [*letter.headers, ("yardlight_reason", b"other")]
            producer.send(letter.topic, letter.value, letter.key, headers=headers).get(60)
    assert purged(letters, "--reason", "not-an-image", "--yes")[0] == 0
    assert left(letters, 1) == [4]


def test_older_letters_go_as_well_where_that_was_agreed_to(letters: World) -> None:
    assert letters.audit().status("exactly-once") == CLEAN
    status, said = purged(letters, "--camera", "gate-2", "--all-before", "--yes")
    assert status == 0
    assert "1 letter, and 2 older ones that were not asked for, up to offset 2" in said
    assert "3 letters deleted" in said
    assert left(letters, 1) == [3]
    report = letters.audit()
    assert report.status("exactly-once") == COULD_NOT_TELL
    assert list(report.partitions[0].unauditable) == [0, 1, 2]


def test_nobody_to_ask_means_nothing_is_deleted(letters: World) -> None:
    status, said = purged(letters)
    assert status == 1
    assert "--yes deletes without asking" in said
    assert left(letters, 4) == [0, 1, 2, 3]


def test_where_no_letter_fits_nothing_is_deleted(letters: World) -> None:
    status, said = purged(letters, "--camera", "gate-9", "--yes")
    assert (status, said) == (0, "no letter fits, nothing was deleted\n")
    assert left(letters, 4) == [0, 1, 2, 3]
