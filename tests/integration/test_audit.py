"""The recount finds what was planted: losses, repeats, conflicts, and what cannot be told."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, OffsetAndMetadata, TopicPartition

from edge.audit.heard import Heard
from edge.audit.hearing import Hearing
from edge.audit.report import BROKEN, CLEAN, COULD_NOT_TELL
from edge.audit.tally import Answer
from tests.ending import finished
from tests.integration.running import addresses, serving
from tests.integration.world import PARTITIONS, NotText, Sent, World, pictures

pytestmark = pytest.mark.slow


def commit(world: World, offsets: dict[int, int]) -> None:
    """Commit for the group, as a member that answered everything below would."""
    address = world.kafka.bootstrap_servers
    topic = world.topics.frames_topic
    options = {"group_id": world.group, "enable_auto_commit": False}
    with closing(KafkaConsumer(bootstrap_servers=address, **options)) as consumer:
        consumer.assign([TopicPartition(topic, number) for number in offsets])
        consumer.commit(
            {
                TopicPartition(topic, number): OffsetAndMetadata(offset, "", -1)
                for number, offset in offsets.items()
            }
        )


def repeat(world: World, topic: str, value: bytes | None = None) -> Any:
    """Append the first record of an outcome topic again, with another value if given."""
    record = world.read(topic, 1)[0]
    with world.producer() as producer:
        headers = list(record.headers)
        producer.send(topic, value or record.value, record.key, headers=headers).get(60)
    return record


def classify(world: World, count: int) -> None:
    world.send(pictures(count))
    with serving(world.settings):
        world.results(count)


def test_a_planted_loss_is_named_by_its_offsets(world: World) -> None:
    classify(world, 8)
    lost = world.send([Sent(b"never seen", partition=1), Sent(b"nor this", partition=1)])
    commit(world, {1: lost[-1].offset + 1})
    report = world.audit()
    assert report.status("at-least-once") == report.status("exactly-once") == BROKEN
    (broken,) = [part for part in report.partitions if part.missing]
    assert broken.partition.number == 1
    assert list(broken.missing) == [place.offset for place in lost]


def test_a_planted_repeat_breaks_exactly_once_only(world: World) -> None:
    classify(world, 8)
    record = repeat(world, world.topics.results_topic)
    frame = json.loads(record.value)["frame"]
    report = world.audit()
    assert (report.status("exactly-once"), report.status("at-least-once")) == (BROKEN, CLEAN)
    (broken,) = [part for part in report.partitions if part.repeated]
    assert (broken.partition.number, list(broken.repeated)) == (
        frame["partition"],
        [frame["offset"]],
    )


def test_two_different_answers_for_a_frame_are_a_conflict(world: World) -> None:
    classify(world, 8)
    first = json.loads(world.read(world.topics.results_topic, 1)[0].value)
    other = {**first, "label": "parcel" if first["label"] != "parcel" else "vehicle"}
    repeat(world, world.topics.results_topic, json.dumps(other).encode())
    report = world.audit()
    assert report.status("at-least-once") == BROKEN
    assert [list(part.conflicting) for part in report.partitions if part.conflicting] == [
        [first["frame"]["offset"]]
    ]


def test_a_frame_that_is_classified_and_dead_lettered_is_a_conflict(embedded_world: World) -> None:
    embedded_world.send([Sent(b"text")])
    with serving(embedded_world.settings):
        (letter,) = embedded_world.dead_letters(1)
    ours = {name: value.decode() for name, value in letter.headers}
    answer = {
        "camera": "gate-1",
        "frame": {
            "id": "1",
            "topic": ours["yardlight_topic"],
            "partition": int(ours["yardlight_partition"]),
            "offset": int(ours["yardlight_offset"]),
            "captured_at": "2026-11-24T00:00:00Z",
        },
        "label": "parcel",
        "confidence": 1.0,
        "scores": {"parcel": 1.0},
        "model": {"name": "m", "version": "1", "digest": "d"},
        "engine": {"kind": "k", "precision": "fp32", "digest": "d"},
        "latency": {},
    }
    with embedded_world.producer() as producer:
        topic = embedded_world.topics.results_topic
        producer.send(topic, json.dumps(answer).encode()).get(60)
    assert embedded_world.audit().offsets("conflicting") == 1


def test_frames_above_the_committed_offset_are_pending(world: World) -> None:
    classify(world, 8)
    world.send(pictures(12))
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert (report.total(Answer.CLASSIFIED), report.pending) == (8, 12)


def test_outcomes_of_another_group_do_not_count(embedded_world: World) -> None:
    classify(embedded_world, 8)
    other = embedded_world.with_group(f"{embedded_world.group}-other")
    commit(other, dict.fromkeys(range(PARTITIONS), 2))
    assert other.audit().offsets("missing") == 8
    assert embedded_world.audit().status("exactly-once") == CLEAN


def test_gaps_of_transactions_are_not_losses(apache_world: World) -> None:
    world = apache_world
    with world.producer(transactional_id=world.group) as producer:
        producer.init_transactions()
        for number, frame in enumerate(pictures(40)):
            producer.begin_transaction()
            producer.send(world.topics.frames_topic, frame.value, frame.key, partition=0).get(60)
            if number % 4:
                producer.commit_transaction()
            else:
                producer.abort_transaction()
    with serving(world.settings):
        assert len(world.results(30)) == 30
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert report.total(Answer.CLASSIFIED) == 30


def test_frames_older_than_the_outcomes_that_are_kept_cannot_be_audited(
    apache_world: World,
) -> None:
    world = apache_world
    classify(world, 40)
    with closing(KafkaAdminClient(bootstrap_servers=world.kafka.bootstrap_servers)) as admin:
        topic = world.topics.results_topic
        admin.delete_records({TopicPartition(topic, number): -1 for number in range(PARTITIONS)})
    report = world.audit()
    assert report.offsets("missing") == 0
    assert report.offsets("unauditable") > 0
    assert report.status("exactly-once") == COULD_NOT_TELL


def test_what_is_deleted_while_it_is_read_is_no_loss(
    apache_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = apache_world
    classify(world, 40)
    hear = Hearing.hear

    def too_late(*known: Any) -> Iterator[Heard]:
        with closing(KafkaAdminClient(bootstrap_servers=world.kafka.bootstrap_servers)) as admin:
            topic = world.topics.results_topic
            places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            admin.delete_records(dict.fromkeys(places, -1))
        yield from hear(*known)

    monkeypatch.setattr(Hearing, "hear", too_late)
    report = world.audit()
    assert report.offsets("missing") == 0
    assert report.offsets("unauditable") == 40
    assert report.status("exactly-once") == COULD_NOT_TELL


def test_outcomes_that_cannot_be_read_may_be_those_that_miss(embedded_world: World) -> None:
    classify(embedded_world, 8)
    lost = embedded_world.send([Sent(b"lost", partition=3)])
    commit(embedded_world, {3: lost[0].offset + 1})
    assert embedded_world.audit().status("exactly-once") == BROKEN
    with embedded_world.producer() as producer:
        headers = [(NotText("x"), b"1")]
        producer.send(embedded_world.topics.results_topic, b"{}", headers=headers).get(60)
    report = embedded_world.audit()
    assert report.status("exactly-once") == COULD_NOT_TELL
    assert report.doubts == ["some outcomes cannot be read, theirs may be among them"]


def test_a_group_that_never_committed_cannot_be_told(embedded_world: World) -> None:
    embedded_world.send(pictures(4))
    report = embedded_world.audit()
    assert report.status("at-least-once") == COULD_NOT_TELL
    assert "has committed nothing" in report.obstacle


def test_damaged_outcome_records_are_counted_and_never_hide_a_loss(embedded_world: World) -> None:
    lost = embedded_world.send([Sent(b"x", partition=0)])
    commit(embedded_world, {0: lost[0].offset + 1})
    with embedded_world.producer() as producer:
        for value in (b"", b"{}", b"not json", b'{"frame": 3}'):
            producer.send(embedded_world.topics.results_topic, value).get(60)
    report = embedded_world.audit()
    assert (report.damaged, report.offsets("missing")) == (4, 1)


def run_audit(world: World, *more: str) -> "subprocess.CompletedProcess[str]":
    group = ("--group", world.group, "--results-topic", world.topics.results_topic)
    command = [sys.executable, "-m", "edge.cli", "audit", *addresses(world), *group, *more]
    return finished(command)


def test_the_command_says_it_in_words_in_json_and_by_its_status(embedded_world: World) -> None:
    assert run_audit(embedded_world).returncode == COULD_NOT_TELL
    classify(embedded_world, 8)
    clean = run_audit(embedded_world)
    assert clean.returncode == 0, clean.stderr
    assert clean.stdout.startswith("clean: every committed frame has its outcome (8 classified, ")
    lost = embedded_world.send([Sent(b"lost", partition=3)] * 3)
    commit(embedded_world, {3: lost[-1].offset + 1})
    broken = run_audit(embedded_world)
    where = f"{embedded_world.topics.frames_topic}/3"
    assert broken.returncode == BROKEN
    assert f"missing in {where}: {lost[0].offset}-{lost[-1].offset}\n" in broken.stdout
    assert "BROKEN: 3 missing" in broken.stdout
    document = json.loads(run_audit(embedded_world, "--json").stdout)
    (part,) = [part for part in document["partitions"] if part["partition"] == 3]
    assert document["status"] == BROKEN
    assert part["missing"]["ranges"] == [[lost[0].offset, lost[-1].offset]]


def test_a_broker_that_is_not_there_is_one_sentence() -> None:
    command = [sys.executable, "-m", "edge.cli", "audit", "--bootstrap-servers", "127.0.0.1:1"]
    done = finished(command)
    assert done.returncode == COULD_NOT_TELL
    assert "nobody listens at 127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr
