"""A past range of frames run again: what would have changed, and nobody else is disturbed."""

import json
import signal
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, TopicPartition

from deploy.importing.importer import import_model
from edge.cloudevents import format_time
from tests.integration.poison import SEGFAULT, decoder_that_falls, poisonous
from tests.integration.running import addresses, command, ended, refusal, serving
from tests.integration.test_audit import classify, commit
from tests.integration.world import NotText, Place, Sent, World, pictures, slow_pictures
from tests.models import SPEC, solid_jpeg, write_network
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def swapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that takes vehicles for pedestrians and pedestrians for vehicles."""
    folder = tmp_path_factory.mktemp("swapped")
    write_network(folder / "model.onnx")
    first, second, *others = SPEC.labels
    spec = replace(SPEC, labels=(second, first, *others), name="swapped")
    return import_model(folder / "model.onnx", spec, folder / "bundle").folder


def words(world: World, bundle: Path, *more: str) -> list[str]:
    engine = ["--engine", "onnxruntime", "--engine-cache", str(world.engine_cache)]
    return ["replay", "--bundle", str(bundle), "--group", world.group, *engine, *more]


def replayed(world: World, bundle: Path, *more: str) -> Any:
    done = ended(world, *words(world, bundle, "--compare", "--json", *more))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_same_bundle_says_the_same_and_nobody_is_disturbed(world: World) -> None:
    classify(world, 12)
    before = world.audit()
    into = f"{world.topics.results_topic}.again"
    told = replayed(world, world.bundle, "--into", into, "--create-topics")
    assert (told["complete"], told["frames"], told["written"]) == (True, 12, 12)
    assert told["comparison"]["alike"] == 12
    assert told["comparison"]["agreement"] == 1.0
    assert told["comparison"]["changes"] == []
    again = world.read(into, 12)
    live = world.read(world.topics.results_topic, 12)
    assert len(again) == len(live) == 12
    by_place = {_place(record): json.loads(record.value)["label"] for record in live}
    assert {_place(record): json.loads(record.value)["label"] for record in again} == by_place
    groups = {dict(record.headers)["ce_consumergroup"] for record in again}
    assert groups == {b"replay-colours-1-onnxruntime-fp32"}
    assert world.audit() == before


def _place(record: Any) -> Place:
    frame = json.loads(record.value)["frame"]
    return Place(frame["partition"], frame["offset"])


def test_a_frame_that_kills_its_decoder_is_counted_where_children_decode(
    embedded_world: World, tmp_path: Path
) -> None:
    """And the rerun goes on, as the service does."""
    world = embedded_world
    first, second, *others = pictures(12)
    world.send([first, poisonous(second, SEGFAULT), *others])
    falls = decoder_that_falls(tmp_path / "falls")
    into = f"{world.topics.results_topic}.again"
    asked = words(world, world.bundle, "--into", into, "--create-topics", "--json")
    done = ended(world, *asked, "--isolate-decode", environment=falls)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["complete"], told["classified"]) == (True, 11)
    assert told["dead_lettered"] == {"crashed": 1}


def test_another_bundle_tells_which_labels_would_change_and_where(
    world: World, swapped: Path
) -> None:
    frames = pictures(16)
    world.send(frames)
    with serving(world.settings):
        world.results(16)
    told = replayed(world, swapped, "--examples", "3")
    truths = [frame.truth for frame in frames]
    assert told["into"] is None
    assert told["comparison"]["changed"] == truths.count("vehicle") + truths.count("pedestrian")
    assert {(it["live"], it["rerun"]): it["frames"] for it in told["comparison"]["changes"]} == {
        ("vehicle", "pedestrian"): truths.count("vehicle"),
        ("pedestrian", "vehicle"): truths.count("pedestrian"),
    }
    assert len(told["comparison"]["examples"]) == 3
    example = told["comparison"]["examples"][0]
    by_place = {(n % 4, n // 4): truth for n, truth in enumerate(truths)}
    assert by_place[example["partition"], example["offset"]] == example["live"]["outcome"]
    assert 0.5 < example["rerun"]["confidence"] <= 1.0
    said = ended(world, *words(world, swapped, "--compare")).stdout
    assert "16 frames with swapped" in said
    assert "8 of 16 as live (50.0%)" in said


def test_only_the_range_that_was_asked_for_is_run(embedded_world: World) -> None:
    classify(embedded_world, 16)
    told = replayed(embedded_world, embedded_world.bundle, "--from", "1", "--to", "3")
    assert (told["frames"], told["comparison"]["alike"]) == (8, 8)
    told = replayed(embedded_world, embedded_world.bundle, "--partition", "2", "--from", "3")
    assert (told["frames"], told["comparison"]["alike"]) == (1, 1)


def test_a_range_of_time_holds_the_frames_of_that_time(apache_world: World) -> None:
    world, noon = apache_world, 1_700_000_000
    frames = pictures(10)
    world.send(replace(it, timestamp=(noon + n) * 1000) for n, it in enumerate(frames))
    with serving(world.settings):
        world.results(10)
    span = ["--from", format_time(noon + 2.5), "--to", format_time(noon + 7)]
    assert replayed(world, world.bundle, *span)["frames"] == 4


def test_frames_that_were_dead_lettered_are_compared_as_well(embedded_world: World) -> None:
    world = embedded_world
    parcel = solid_jpeg("parcel")
    world.send([Sent(b"text"), Sent(parcel + bytes(5000))])
    limits = replace(world.settings.limits, max_frame_bytes=4000)
    with serving(replace(world.settings, limits=limits)):
        world.dead_letters(2)
    told = replayed(world, world.bundle)
    assert told["dead_lettered"] == {"not-an-image": 1}
    assert (told["comparison"]["alike"], told["comparison"]["changed"]) == (1, 1)
    (change,) = told["comparison"]["changes"]
    assert (change["live"], change["rerun"]) == ("dead-lettered: too-many-bytes", "parcel")


def test_a_frame_that_cannot_be_unpacked_is_passed_over_by_every_reader(
    embedded_world: World,
) -> None:
    """kafka-python raises while it reads the header's name, and would hang at the next poll."""
    world = embedded_world
    for headers in ((), ((NotText("x"), b"1"),), ()):
        world.send([Sent(solid_jpeg("parcel"), headers=headers, partition=0)])
    with serving(world.settings):
        world.results(2)
        world.dead_letters(1)
    told = replayed(world, world.bundle)
    assert told["dead_lettered"] == {"corrupt-record": 1}
    assert told["comparison"]["alike"] == 3
    lost = world.send([Sent(b"lost", partition=0)])
    commit(world, {0: lost[0].offset + 1})
    nobodys = world.with_group(f"{world.group}-other")
    commit(nobodys, {0: lost[0].offset})
    assert (world.audit().offsets("missing"), nobodys.audit().offsets("missing")) == (1, 3)


def test_frames_that_only_one_side_has_are_named(apache_world: World) -> None:
    world = apache_world
    classify(world, 8)
    waiting = world.send(pictures(4))
    with closing(KafkaAdminClient(bootstrap_servers=world.kafka.bootstrap_servers)) as admin:
        admin.delete_records({TopicPartition(world.topics.frames_topic, 3): 1})
    comparison = replayed(world, world.bundle, "--from", "0")["comparison"]
    assert comparison["alike"] == 7
    assert sorted((it["partition"], it["ranges"]) for it in comparison["only_rerun"]) == sorted(
        (place.partition, [[place.offset, place.offset]]) for place in waiting
    )
    (gone,) = comparison["only_live"]
    assert (gone["partition"], gone["ranges"]) == (3, [[0, 0]])


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        (["--into", "LIVE"], 1, "is the topic that the service writes classifications to"),
        (["--into", "FRAMES"], 1, "is the topic that the frames are read from"),
        (["--into", "MODELS"], 1, "is the topic that roll-outs are ordered on"),
        (["--into", "STATUS"], 1, "is the topic that nodes tell of roll-outs on"),
        ([], 1, "give --into TOPIC"),
        (["--compare", "--engine", "abacus"], 2, "abacus"),
        (["--compare", "--bundle", "/nowhere"], 1, "/nowhere"),
        (["--compare", "--from", "then"], 2, "neither a time"),
        (["--compare", "--from", "5", "--to", "4"], 2, "nothing lies between"),
        (["--compare", "--partition", "44"], 1, "has no partition 44"),
    ],
)
def test_what_cannot_be_run_is_one_sentence(
    embedded_world: World, typed: list[str], status: int, said: str
) -> None:
    names = {
        "LIVE": embedded_world.topics.results_topic,
        "FRAMES": embedded_world.topics.frames_topic,
        "MODELS": embedded_world.topics.models_topic,
        "STATUS": embedded_world.topics.models_status_topic,
    }
    more = [names.get(word, word) for word in typed]
    usual = ["--bundle", str(embedded_world.bundle)] if "--bundle" not in typed else []
    refused(ended(embedded_world, "replay", *usual, *more), status, said)


def test_topics_that_do_not_exist_are_named(apache_world: World) -> None:
    world = apache_world
    classify(world, 4)
    missing = f"{world.topics.results_topic}.nowhere"
    refused(ended(world, *words(world, world.bundle, "--into", missing)), 1, "--create-topics")
    nowhere = replace(world, topics=replace(world.topics, frames_topic=missing))
    refused(
        ended(nowhere, *words(world, world.bundle, "--compare")), 1, f"{missing} does not exist"
    )
    nowhere = replace(world, topics=replace(world.topics, results_topic=missing))
    refused(
        ended(nowhere, *words(world, world.bundle, "--compare")), 1, f"{missing} does not exist"
    )


def refused(done: "subprocess.CompletedProcess[str]", status: int, said: str) -> None:
    assert done.returncode == status, done.stderr
    assert said in refusal(done)


def test_a_group_without_live_outcomes_leaves_nothing_to_compare(embedded_world: World) -> None:
    embedded_world.send(pictures(4))
    told = replayed(embedded_world, embedded_world.bundle)
    assert told["comparison"]["agreement"] is None
    assert sum(it["count"] for it in told["comparison"]["only_rerun"]) == 4


def test_ctrl_c_ends_it_with_an_account_of_what_was_done(
    embedded_world: World, tmp_path: Path
) -> None:
    world = embedded_world
    world.send(slow_pictures(2000))
    into = f"{world.topics.results_topic}.again"
    typed = words(world, world.bundle, "--into", into, "--create-topics", "--json")
    where = [*addresses(world), "--results-topic", world.topics.results_topic]
    with command(tmp_path / "log", "edge.cli", *typed, *where) as running:
        wait_until(lambda: not running.running or world.holds_records(into), "a classification")
        assert running.stop(signal.SIGINT) == 130, running.said()
        assert running.process.stdout is not None
        told = json.loads(running.process.stdout.read())
    assert told["complete"] is False
    assert 0 < told["written"] < 2000
    assert len(world.read(into, told["written"])) == told["written"]
