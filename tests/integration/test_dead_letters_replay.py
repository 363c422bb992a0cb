"""Letters put back: as they were, once, with a count of how often, and audited like any frame."""

import json
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from kafka import KafkaAdminClient, TopicPartition

from edge.audit.report import CLEAN
from tests import encoded
from tests.integration.running import ended, serving
from tests.integration.world import Sent, World
from tests.models import solid_jpeg

pytestmark = pytest.mark.slow
PARCEL = solid_jpeg("parcel")
HEADERS = (("ce_id", b"frame-a"), ("x-lens", b"\x00\xff"), ("twice", b"1"), ("twice", b"2"))


def refused(world: World, *frames: Sent, earlier: int = 0) -> None:
    """Send frames that are too large for the service, which dead-letters them; `earlier` letters
    are there already.
    """
    world.send(frames)
    limits = replace(world.settings.limits, max_frame_bytes=10)
    with serving(replace(world.settings, limits=limits)):
        world.dead_letters(earlier + len(frames))


def replayed(world: World, *words: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit status, and what became of each letter."""
    done = ended(world, "dead-letters", "replay", "--group", world.group, "--json", *words)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def fates(world: World, *words: str) -> list[str]:
    return [told["fate"] for told in replayed(world, *words)[1]]


def test_a_frame_goes_back_as_it_was_and_its_outcome_tells_that_it_came_back(world: World) -> None:
    refused(world, Sent(PARCEL, b"gate-1", HEADERS))
    status, (told,) = replayed(world)
    assert (status, told["fate"]) == (0, "replayed")
    frames = world.read(world.topics.frames_topic, 2)
    again = next(frame for frame in frames if "yardlight_hops" in dict(frame.headers))
    letter = f"{world.group}/{world.topics.frames_topic}/{told['frame']['partition']}/0"
    assert (again.key, again.value) == (b"gate-1", PARCEL)
    assert tuple(again.headers) == (
        *HEADERS,
        ("yardlight_hops", b"1"),
        ("yardlight_replay_of", letter.encode()),
    )
    assert f"{again.topic}/{again.partition}@{again.offset}, hop 1" in told["detail"]
    with serving(world.settings):
        (seen,) = world.read(world.topics.results_topic, 1)
    assert json.loads(seen.value)["frame"]["id"] == "frame-a"
    assert dict(seen.headers)["yardlight_hops"] == b"1"
    assert len(world.dead_letters(1)) == 1
    assert world.audit().status("exactly-once") == CLEAN


def test_a_letter_is_replayed_once_whether_its_frame_waits_or_is_done(world: World) -> None:
    refused(world, Sent(PARCEL), Sent(PARCEL), Sent(PARCEL))
    assert fates(world, "--limit", "1") == ["replayed"]
    assert fates(world, "--limit", "1") == ["replayed before", "replayed"]
    assert sorted(fates(world)) == ["replayed", "replayed before", "replayed before"]
    with serving(world.settings):
        world.results(3)
    assert fates(world) == ["replayed before"] * 3
    assert len(world.read(world.topics.frames_topic, 6)) == 6


def test_a_dry_run_says_what_would_be_done_and_does_nothing(embedded_world: World) -> None:
    refused(embedded_world, Sent(PARCEL))
    assert fates(embedded_world, "--dry-run") == ["would be replayed"]
    assert fates(embedded_world, "--dry-run") == ["would be replayed"]
    assert len(embedded_world.read(embedded_world.topics.frames_topic, 1)) == 1


def test_filters_choose_what_is_replayed(embedded_world: World) -> None:
    refused(embedded_world, Sent(PARCEL, b"gate-1"), Sent(PARCEL, b"gate-2"))
    _, told = replayed(embedded_world, "--camera", "gate-2")
    assert [letter["camera"] for letter in told] == ["gate-2"]


def test_a_frame_that_keeps_coming_back_is_left_alone_in_the_end(embedded_world: World) -> None:
    world = embedded_world
    world.send([Sent(b"text", headers=(("ce_id", b"poison"),))])
    for hops in range(3):
        with serving(world.settings):
            letters = world.dead_letters(hops + 1)
        assert max(int(dict(it.headers).get("yardlight_hops", b"0")) for it in letters) == hops
        status, told = replayed(world, "--max-hops", "2")
        assert sorted(letter["fate"] for letter in told) == sorted(
            ["replayed before"] * hops + (["replayed"] if hops < 2 else ["too many hops"])
        )
        assert status == (0 if hops < 2 else 1)
    assert world.audit().status("exactly-once") == CLEAN


def test_a_frame_that_never_had_bytes_is_not_put_back(embedded_world: World) -> None:
    embedded_world.send([Sent(None)])
    with serving(embedded_world.settings):
        embedded_world.dead_letters(1)
    status, (told,) = replayed(embedded_world)
    assert (status, told["fate"]) == (1, "no bytes")


def test_a_letter_by_reference_is_replayed_from_where_its_frame_lies_while_it_is_kept(
    apache_world: World,
) -> None:
    world = apache_world
    large = encoded.png_of(encoded.noise(600, 600))
    world.configure(world.topics.dead_letters_topic, {"max.message.bytes": "20000"})
    with closing(KafkaAdminClient(bootstrap_servers=world.kafka.bootstrap_servers)) as admin:
        refused(world, Sent(large, b"gate-1", HEADERS, partition=0))
        (letter,) = world.dead_letters(1)
        assert letter.value is None
        assert fates(world, "--dry-run") == ["would be replayed"]
        status, (told,) = replayed(world)
        assert (status, told["by_reference"], told["fate"]) == (0, True, "replayed")
        again = next(
            frame
            for frame in world.read(world.topics.frames_topic, 2)
            if "yardlight_hops" in dict(frame.headers)
        )
        assert (again.key, again.value, again.headers[:4]) == (b"gate-1", large, list(HEADERS))
        with serving(world.settings):
            world.results(1)
        refused(world, Sent(large, b"gate-2", partition=1), earlier=1)
        admin.delete_records({TopicPartition(world.topics.frames_topic, 1): -1})
    status, told_of = replayed(world, "--camera", "gate-2")
    assert (status, [it["fate"] for it in told_of]) == (1, ["gone"])


def test_in_words_each_letter_has_a_line_and_the_sum_is_the_last(embedded_world: World) -> None:
    refused(embedded_world, Sent(PARCEL, b"gate-1"))
    done = ended(embedded_world, "dead-letters", "replay", "--group", embedded_world.group)
    first, last = done.stdout.splitlines()
    assert "gate-1 too-many-bytes: replayed, " in first
    assert last == "1 replayed"
