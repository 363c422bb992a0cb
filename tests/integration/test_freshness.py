"""Frames that are not looked at on purpose are recorded with why; each frame is accounted for."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from threading import Event

import pytest
from kafka import KafkaAdminClient, TopicPartition

from edge.audit.report import CLEAN
from edge.audit.tally import Answer
from edge.cameras.picture import encode_jpeg
from edge.cameras.simulated import SimulatedCamera
from edge.settings.freshness import FreshnessSettings
from edge.wire import Skipped
from tests.integration.running import serving
from tests.integration.slow import slow_engine
from tests.integration.world import PARTITIONS, Sent, World, pictures
from tests.models import solid_jpeg
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.slow
PARCEL = solid_jpeg("parcel")
AN_HOUR_AGO = 3600.0


def aged(count: int, seconds: float) -> list[Sent]:
    """Frames whose records say that they are so old."""
    timestamp = int((time.time() - seconds) * 1000)
    return [replace(frame, timestamp=timestamp) for frame in pictures(count)]


def offsets(skipped: list[Skipped]) -> dict[int, list[int]]:
    """By partition, of all records."""
    found: dict[int, list[int]] = {}
    for record in skipped:
        found.setdefault(record.partition, []).extend(record.offsets)
    return {partition: sorted(of) for partition, of in found.items()}


# Late frames


def test_a_late_frame_is_skipped_as_expired_and_one_in_time_is_classified(world: World) -> None:
    late, in_time = aged(12, AN_HOUR_AGO), list(pictures(8))
    places = world.send([*late, *in_time])
    settings = replace(world.settings, freshness=FreshnessSettings(max_age=600.0))
    with serving(settings) as service:
        records = world.read(world.topics.skipped_topic, len(late))
        results = world.results(len(in_time))
        assert service.metrics.skipped.labels("expired")._value.get() == len(late)
    assert len(results) == len(in_time)
    found = {(seen.partition, *seen.offsets): seen.reason for seen in world.skipped(len(late))}
    assert found == {(at.partition, at.offset): "expired" for at in places[: len(late)]}
    assert {record.key for record in records} == {frame.key for frame in late}
    ids = {dict(record.headers)["ce_id"].decode() for record in records}
    topic = world.topics.frames_topic
    assert ids == {
        f"{world.group}/{topic}/{at.partition}/{at.offset}" for at in places[: len(late)]
    }
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert (report.total(Answer.SKIPPED), report.total(Answer.CLASSIFIED)) == (12, 8)
    assert report.pending == 0


def test_the_cameras_word_on_age_counts_where_it_is_asked_for(embedded_world: World) -> None:
    world = embedded_world
    captured = (datetime.now(timezone.utc) - timedelta(hours=1)).isoformat()
    old_by_capture = Sent(PARCEL, headers=(("ce_time", captured.encode()),))
    old_by_record = Sent(
        PARCEL,
        timestamp=int((time.time() - AN_HOUR_AGO) * 1000),
        headers=(("ce_time", datetime.now(timezone.utc).isoformat().encode()),),
    )
    (by_capture, by_record) = world.send([old_by_capture, old_by_record])
    for number, (age_from, expired, classified) in enumerate(
        [("record", by_record, by_capture), ("capture", by_capture, by_record)]
    ):
        other = world.with_group(f"{world.group}-{age_from}")
        freshness = FreshnessSettings(
            max_age=600.0, age_from="capture" if age_from == "capture" else "record"
        )
        with serving(replace(other.settings, freshness=freshness)):
            skipped = other.skipped(number + 1)
            results = other.results(number + 1)
        assert [expired.offset] in [seen.offsets for seen in skipped[number:]], age_from
        assert classified.offset in [seen.frame.offset for seen in results[number:]], age_from
        assert other.audit().status("exactly-once") == CLEAN


# The gate


def empty_yard(count: int) -> Iterator[Sent]:
    """The first frames of an event at which a simulated camera sees nobody."""
    camera = SimulatedCamera("gate-7", 7, 320, 240)
    start = next(
        event * 5.0 for event in range(8) if camera.shot(event * 5.0 + 2).label == "background"
    )
    for number in range(count):
        picture = encode_jpeg(camera.shot(start + 0.2 + number / 5).pixels)
        yield Sent(picture, key=b"gate-7", partition=1)


def test_an_empty_yard_is_classified_once_until_something_changes(world: World) -> None:
    yard = list(empty_yard(9))
    settings = replace(world.settings, freshness=FreshnessSettings(gate=True))
    with serving(settings):
        world.send(yard[:1])
        (first,) = world.results(1)
        world.send(yard[1:])
        gated = world.skipped(len(yard) - 1)
        world.send([Sent(PARCEL, key=b"gate-7", partition=1)])
        results = world.results(2)
    assert [seen.reason for seen in gated] == ["gated"] * 8
    for seen in gated:
        assert seen.same_as is not None
        assert (seen.same_as.label, seen.same_as.frame) == (first.label, first.frame)
    assert results[-1].label == "parcel"
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert (report.total(Answer.SKIPPED), report.total(Answer.CLASSIFIED)) == (8, 2)


# Frames that retention deleted


def delete_below(world: World, *offsets: int) -> None:
    """As retention does, in partition 0 and those after it; -1 is all there is."""
    topic = world.topics.frames_topic
    with closing(KafkaAdminClient(bootstrap_servers=world.kafka.bootstrap_servers)) as admin:
        admin.delete_records(
            {TopicPartition(topic, number): offset for number, offset in enumerate(offsets)}
        )


def committed(world: World) -> dict[int, int]:
    """By partition."""
    return {
        found.partition.number: found.committed
        for found in world.audit().partitions
        if found.committed is not None
    }


def work_off(world: World, results: int) -> None:
    """Serve until so many classifications are there and nothing is left to do."""
    with serving(world.settings):
        world.results(results)
        wait_until(lambda: world.audit().pending == 0, "the last commit")


def test_frames_deleted_unread_are_recorded_and_the_service_goes_on_behind_them(
    apache_world: World,
) -> None:
    world = apache_world
    world.send(pictures(8))
    work_off(world, 8)
    world.send(pictures(40))
    delete_below(world, *[9] * PARTITIONS)
    work_off(world, 8 + 12)
    lost = world.skipped(PARTITIONS)
    assert {seen.reason for seen in lost} == {"aged-out"}
    assert offsets(lost) == {number: [2, 3, 4, 5, 6, 7, 8] for number in range(PARTITIONS)}
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert report.total(Answer.CLASSIFIED) == 12


def test_frames_deleted_unread_are_recorded_though_none_came_after_them(
    apache_world: World,
) -> None:
    world = apache_world
    world.send(pictures(8))
    work_off(world, 8)
    world.send(pictures(20))
    delete_below(world, *[-1] * PARTITIONS)
    with serving(world.settings):
        lost = world.skipped(PARTITIONS)
        wait_until(lambda: world.audit().pending == 0, "the last commit")
    assert offsets(lost) == {number: [2, 3, 4, 5, 6] for number in range(PARTITIONS)}
    assert committed(world) == dict.fromkeys(range(PARTITIONS), 7)


def test_frames_deleted_while_the_service_is_behind_are_recorded(apache_world: World) -> None:
    """Under `block` a full intake lets lag grow until retention overtakes it."""
    world, count, began, go_on = apache_world, 60, Event(), Event()
    large = PARCEL + bytes(200_000)  # more than a client fetches ahead
    world.send(Sent(large, partition=0) for _ in range(count))
    limits = replace(world.settings.limits, queue_frames=2)

    def hold(_: int) -> None:
        began.set()
        assert go_on.wait(PATIENCE)

    with slow_engine(hold), serving(replace(world.settings, limits=limits)):
        assert began.wait(PATIENCE)
        delete_below(world, 50)
        go_on.set()
        wait_until(lambda: committed(world).get(0) == count, "the last commit")
        lost = offsets(world.skipped(1))[0]
        results = [seen.frame.offset for seen in world.results(count - len(lost))]
    assert lost[-1] == 49
    assert sorted(lost + results) == list(range(count))
    assert world.audit().status("exactly-once") == CLEAN


def test_a_long_stretch_of_deleted_frames_is_told_by_records_of_bounded_size(
    apache_world: World,
) -> None:
    world = apache_world
    world.send(pictures(PARTITIONS))
    work_off(world, PARTITIONS)
    count = 10_000
    world.send(Sent(b"", partition=0) for _ in range(count))
    delete_below(world, -1)
    with serving(world.settings) as service:
        wait_until(
            lambda: service.metrics.skipped.labels("aged-out")._value.get() == count, "the records"
        )
        lost = world.skipped(3)
    assert [len(seen.offsets) for seen in lost] == [4095, 4096, count - 8191]
    assert offsets(lost) == {0: list(range(1, count + 1))}


def test_a_group_that_begins_where_frames_were_deleted_has_lost_nothing(
    apache_world: World,
) -> None:
    world = apache_world
    world.send(pictures(20))
    delete_below(world, *[2] * PARTITIONS)
    work_off(world, 12)
    assert world.audit().status("exactly-once") == CLEAN
    assert world.audit().total(Answer.SKIPPED) == 0
    with serving(world.settings) as service:
        assert service.metrics.skipped.labels("aged-out")._value.get() == 0


def test_gaps_that_transactions_leave_are_no_lost_frames(apache_world: World) -> None:
    world = apache_world
    with world.producer(transactional_id=world.group) as producer:
        producer.init_transactions()
        for frame in pictures(6):
            producer.begin_transaction()
            producer.send(world.topics.frames_topic, frame.value, frame.key, partition=0)
            producer.commit_transaction()
    with serving(world.settings) as service:
        results = sorted(seen.frame.offset for seen in world.results(6))
        wait_until(lambda: committed(world).get(0, -1) > results[-1], "the last commit")
        assert service.metrics.skipped.labels("aged-out")._value.get() == 0
    assert results == [0, 2, 4, 6, 8, 10]
    assert world.audit().status("exactly-once") == CLEAN
