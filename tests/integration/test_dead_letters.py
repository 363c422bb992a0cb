"""Dead letters through the command: what is there, why, and what it looks like."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import encoded
from tests.integration.running import ended, refusal, serving
from tests.integration.world import Sent, World, new_topics

pytestmark = pytest.mark.slow
PHOTO = encoded.jpeg(encoded.noise(120, 160))
CUT = PHOTO[: len(PHOTO) // 2]
HEADERS = (("ce_id", b"frame-a"), ("x-lens", b"\x00\xff\x1b[2J"), ("twice", b"1"), ("twice", b"2"))


def dead_lettered(world: World) -> list[Any]:
    """The letters of a truncated frame of gate-1, a text of gate-2 and a null of gate-3."""
    world.send(
        [
            Sent(CUT, b"gate-1", HEADERS, partition=0),
            Sent(b"text", b"gate-2", partition=1),
            Sent(None, b"gate-3", partition=2),
        ]
    )
    with serving(world.settings):
        letters = world.dead_letters(3)
    return sorted(letters, key=lambda letter: bytes(letter.key))


def listed(world: World, *words: str) -> list[dict[str, Any]]:
    done = ended(world, "dead-letters", "list", "--json", *words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_letters_are_listed_with_what_is_known_of_them(world: World) -> None:
    (first, _, _) = dead_lettered(world)
    letters = {letter["camera"]: letter for letter in listed(world)}
    assert {camera: letter["reason"] for camera, letter in letters.items()} == {
        "gate-1": "truncated",
        "gate-2": "not-an-image",
        "gate-3": "null",
    }
    told = letters["gate-1"]
    assert told["id"] == f"{world.group}/{world.topics.frames_topic}/0/0"
    assert told["letter"]["offset"] == first.offset
    assert told["frame"] == {
        "id": "frame-a",
        "topic": world.topics.frames_topic,
        "partition": 0,
        "offset": 0,
    }
    assert (told["size"], told["hops"], letters["gate-3"]["size"]) == (len(CUT), 0, None)
    assert ["twice", "1"] in told["headers"]
    table = ended(world, "dead-letters", "list").stdout
    assert "3 letters" in table


def test_filters_choose_letters_and_a_limit_the_newest(world: World) -> None:
    dead_lettered(world)

    def cameras(*words: str) -> set[str]:
        return {letter["camera"] for letter in listed(world, *words)}

    assert cameras("--reason", "truncated") == {"gate-1"}
    assert cameras("--camera", "gate-2", "--camera", "gate-3") == {"gate-2", "gate-3"}
    assert cameras("--camera", "gate-2", "--reason", "null") == set()
    assert cameras("--group", "somebody-else") == set()
    assert cameras("--since", "1h", "--until", "2100-01-01T00:00:00Z") == {
        "gate-1",
        "gate-2",
        "gate-3",
    }
    assert cameras("--until", "1h") == set()
    assert len(cameras("--limit", "2")) == 2


def test_a_letter_is_shown_by_its_place_and_by_either_id(embedded_world: World) -> None:
    world = embedded_world
    (letter, _, _) = dead_lettered(world)
    outcome = f"{world.group}/{world.topics.frames_topic}/0/0"
    for wanted in (f"{letter.partition}@{letter.offset}", "frame-a", outcome):
        done = ended(world, "dead-letters", "show", wanted)
        assert done.returncode == 0, done.stderr
        assert "reason   truncated" in done.stdout
        assert "x-lens: \\x00\\xff\\x1b[2J" in done.stdout
        assert "\x1b" not in done.stdout
        assert f"picture  {len(CUT) / 1024:.1f} KiB" in done.stdout


def test_the_picture_is_written_where_it_was_asked_for_and_nowhere_else(
    embedded_world: World, tmp_path: Path
) -> None:
    dead_lettered(embedded_world)
    file = tmp_path / "frame.jpg"
    assert ended(embedded_world, "dead-letters", "show", "frame-a").returncode == 0
    assert list(tmp_path.iterdir()) == []
    saved = ended(embedded_world, "dead-letters", "show", "frame-a", "--save", str(file))
    assert (saved.returncode, file.read_bytes()) == (0, CUT)
    file.write_bytes(b"mine")
    again = ended(embedded_world, "dead-letters", "show", "frame-a", "--save", str(file))
    assert (again.returncode, file.read_bytes()) == (1, b"mine")
    assert "exists already" in again.stderr


def test_records_that_are_no_letters_are_counted_and_passed_over(embedded_world: World) -> None:
    world = embedded_world
    dead_lettered(world)
    with world.producer() as producer:
        producer.send(world.topics.dead_letters_topic, b"hello", headers=[("a", b"b")]).get(60)
    done = ended(world, "dead-letters", "list", "--json")
    assert len(done.stdout.splitlines()) == 3
    assert "1 records of the topic are no dead letters" in done.stderr


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        (["show", "0@999"], 1, "there is no letter"),
        (["show", "9@0"], 1, "has no partition 9"),
        (["show", "nobody-has-this-id"], 1, "no letter in"),
        (["list", "--partition", "9"], 1, "has no partition 9"),
        (["list", "--since", "4711"], 2, "'4711' is neither a time"),
        (["list", "--since", "1h", "--until", "2h"], 2, "nothing lies between --since"),
        (["replay", "--max-hops", "0"], 2, "--max-hops"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    embedded_world: World, typed: list[str], status: int, said: str
) -> None:
    done = ended(embedded_world, "dead-letters", *typed)
    assert done.returncode == status
    assert said in refusal(done)


@pytest.mark.parametrize("words", [["list"], ["show", "0@0"], ["replay"], ["purge", "--yes"]])
def test_a_topic_that_does_not_exist_is_one_sentence(apache_world: World, words: list[str]) -> None:
    nowhere = replace(apache_world, topics=new_topics())
    done = ended(nowhere, "dead-letters", *words)
    assert done.returncode == 1
    assert "does not exist" in refusal(done)
