"""kafka-python's traps, provoked on real brokers: without the answer to it, a trap's test fails."""

import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import CorruptRecordError

from edge.audit.report import CLEAN
from edge.frame import Partition
from edge.kafka import consumer as consumer_module
from edge.kafka.client import wait_for_broker
from edge.kafka.consumer import RecordSource
from edge.kafka.producer import RecordSink
from edge.kafka.topics import TopicAdmin
from edge.record import Message, Record
from edge.settings.kafka import KafkaSettings
from edge.suspicion import Suspicion
from tests.brokers.apache import ApacheKafka
from tests.brokers.topics import unique
from tests.integration.running import serving
from tests.integration.world import NotText, Sent, World, new_topics, pictures
from tests.models import solid_jpeg
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


class Quiet:
    """A rebalance that nobody has to prepare for."""

    def assigned(self, _: tuple[Partition, ...]) -> None: ...

    def draining(self, _: tuple[Partition, ...]) -> Callable[[], bool]:
        return lambda: False

    def positions(self, _: tuple[Partition, ...]) -> Mapping[Partition, int]:
        return {}

    def left(self, _: tuple[Partition, ...]) -> Mapping[Partition, int]:
        return {}

    def taken_up(self, _: Partition, position: int, suspicion: Suspicion) -> None: ...

    def cut(self, _: Partition, end: int) -> int:
        return end

    def gone(self, _: tuple[Partition, ...]) -> None: ...


@contextmanager
def source(world: World) -> Iterator[RecordSource]:
    made = RecordSource(world.kafka, world.topics.frames_topic, world.group, max_records=100)
    made.open(Quiet())
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def own_broker() -> Iterator[ApacheKafka]:
    """A broker that the test may stop and damage."""
    with ApacheKafka() as broker:
        yield broker


def world_on(broker: ApacheKafka, bundle: Path, engine_cache: Path) -> World:
    kafka = KafkaSettings(bootstrap_servers=broker.address, session_timeout=6.0)
    world = World(kafka, bundle, engine_cache, new_topics(), unique("group"))
    world.create_topics(partitions=1)
    return world


def test_a_corrupt_batch_is_dead_lettered_and_the_frames_around_it_are_classified(
    apache_kafka: ApacheKafka, own_broker: ApacheKafka, tiny_bundle: Path, engine_cache: Path
) -> None:
    """Trap 1: after CorruptRecordError the next poll at that position would hang for ever."""
    assert apache_kafka.address  # says loudly where Apache Kafka cannot run
    world = world_on(own_broker, tiny_bundle, engine_cache)
    marked = solid_jpeg("parcel") + b"FLIP-ME"
    for value in (solid_jpeg("vehicle"), marked, solid_jpeg("pedestrian")):
        world.send([Sent(value)])  # each a batch of its own
    own_broker.stop()
    flip(own_broker, world.topics.frames_topic, b"FLIP-ME")
    own_broker.start()
    with closing(KafkaConsumer(bootstrap_servers=own_broker.address)) as plain:
        place = TopicPartition(world.topics.frames_topic, 0)
        plain.assign([place])
        plain.seek(place, 1)
        with pytest.raises(CorruptRecordError):  # the damage is there
            plain.poll(timeout_ms=10_000)
    with serving(world.settings):
        results = world.results(2)
        (letter,) = world.dead_letters(1)
    ours = dict(letter.headers)
    assert [seen.label for seen in results] == ["vehicle", "pedestrian"]
    assert (letter.value, ours["yardlight_reason"]) == (None, b"corrupt-record")
    assert ours["yardlight_offset"] == b"1"


def test_a_header_whose_name_is_not_text_does_not_stop_the_others(embedded_world: World) -> None:
    """Trap 1 once more: kafka-python raises while it unpacks the name."""
    parcel = solid_jpeg("parcel")
    for headers in ((), ((NotText("x"), b"1"),), ()):
        embedded_world.send([Sent(parcel, headers=headers, partition=0)])  # each a batch of its own
    with serving(embedded_world.settings):
        results = embedded_world.results(2)
        (letter,) = embedded_world.dead_letters(1)
    ours = dict(letter.headers)
    assert [seen.frame.offset for seen in results] == [0, 2]
    assert (ours["yardlight_reason"], ours["yardlight_offset"]) == (b"corrupt-record", b"1")


def flip(broker: ApacheKafka, topic: str, mark: bytes) -> None:
    """Flip a bit of a record where it lies on disk."""
    (segment,) = (broker.log.parent / "data" / f"{topic}-0").glob("*.log")
    content = bytearray(segment.read_bytes())
    content[content.index(mark)] ^= 1
    segment.write_bytes(content)


def test_a_record_that_the_topic_refuses_does_not_stop_the_others(apache_world: World) -> None:
    """Trap 3: after one refused record kafka-python's producer refuses every later one."""
    world = replace(apache_world, topics=new_topics())
    world.create_topics()
    world.configure(world.topics.dead_letters_topic, {"max.message.bytes": "100000"})
    too_large = b"not a picture " * 20_000
    frames = pictures(40)
    frames = [*frames[:10], Sent(too_large, partition=0), *frames[10:], Sent(too_large)]
    world.send(frames)
    with serving(world.settings):
        # What was under way with the refused one may come twice: at least once.
        wait_until(lambda: len({seen.frame.id for seen in world.results(40)}) == 40, "all frames")
        letters = world.dead_letters(2)
    assert {dict(letter.headers)["yardlight_reason"] for letter in letters} == {b"not-an-image"}
    for letter in letters:
        ours = dict(letter.headers)
        assert letter.value is None
        where = f"{world.topics.frames_topic}/{ours['yardlight_partition'].decode()}"
        assert f"the bytes stayed at {where}/" in ours["yardlight_error"].decode()
    assert world.audit().status("at-least-once") == CLEAN


def test_only_what_is_committed_by_transactions_is_classified(apache_world: World) -> None:
    """Trap 5: the isolation level of the input is what makes aborted frames invisible."""
    world = apache_world
    with world.producer(transactional_id=world.group) as producer:
        producer.init_transactions()
        for frame, keep in zip(pictures(8), [True, False] * 4, strict=True):
            producer.begin_transaction()
            producer.send(world.topics.frames_topic, frame.value, headers=list(frame.headers))
            producer.commit_transaction() if keep else producer.abort_transaction()
    world.send([Sent(solid_jpeg("parcel"), headers=(("ce_id", b"last"),))])
    with serving(world.settings):
        results = world.results(5)
    assert {seen.frame.id for seen in results} == {
        *("frame-0", "frame-2", "frame-4", "frame-6", "last")
    }


def test_asking_for_topics_never_creates_one(embedded_world: World) -> None:
    """Trap 6: kafka-python's metadata requests create topics where the broker allows that.

    The embedded broker does: a consumer or producer of a missing topic would make it.
    """
    name = unique("nobody-made-me")
    with TopicAdmin(embedded_world.kafka) as admin:
        assert admin.missing([name]) == [name]
        assert admin.missing([name]) == [name]


def test_large_buffers_are_asked_for_by_socket_options(
    embedded_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap 6: `receive_buffer_bytes` is documented and unused."""
    asked: list[Any] = []
    real = KafkaConsumer

    def spying(**options: Any) -> Any:
        asked.extend(options["socket_options"])
        assert "receive_buffer_bytes" not in options
        return real(**options)

    monkeypatch.setattr(consumer_module, "KafkaConsumer", spying)
    with source(embedded_world):
        pass
    assert (socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20) in asked


def test_outcomes_in_flight_are_bounded_while_the_broker_does_not_answer(
    apache_kafka: ApacheKafka, own_broker: ApacheKafka, tiny_bundle: Path, engine_cache: Path
) -> None:
    """Traps 7 and 8: `send` never blocks on memory, and after an outage the default back-off
    leaves a member silent for half a minute. Here nothing is lost, and all is done soon after.
    """
    assert apache_kafka.address
    world = world_on(own_broker, tiny_bundle, engine_cache)
    with serving(world.settings):
        world.send(pictures_of_one_partition(20))
        assert len(world.results(20)) == 20
        own_broker.stop()
        own_broker.start()
        world.send(pictures_of_one_partition(20))
        assert len(world.results(40)) >= 40
        own_broker.kill()
        own_broker.start()
        world.send(pictures_of_one_partition(20))
        assert len(world.results(60)) >= 60
    assert world.audit().status("at-least-once") == CLEAN


def pictures_of_one_partition(count: int) -> list[Sent]:
    return [replace(frame, partition=0) for frame in pictures(count)]


def test_waiting_for_a_broker_leaks_no_thread() -> None:
    """Trap 9: each constructor that fails to bootstrap leaves a thread behind."""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    tries = iter(range(5))
    before = threading.active_count()
    settings = KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}")
    there = wait_for_broker(settings, lambda _: next(tries, None) is None, lambda _: None)
    assert not there
    assert threading.active_count() == before


def test_frames_reach_us_as_bytes_whatever_they_hold(embedded_world: World) -> None:
    """Trap 1 again: a deserializer that raises would hang `poll` as a corrupt record does."""
    odd = [b"\xff\xfe", b"", b"\x00" * 10]
    embedded_world.send(Sent(value, key=b"\xff\xff", partition=0) for value in odd)
    with source(embedded_world) as reading:
        records: list[Record] = []

        def all_there() -> bool:
            records.extend(reading.poll(0.1))
            return len(records) == len(odd)

        wait_until(all_there)
    assert [record.value for record in records] == odd
    assert {record.key for record in records} == {b"\xff\xff"}


def test_a_join_that_outlasts_a_poll_is_taken_up_again(
    apache_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A join begun because of changed metadata is forgotten when `poll` returns before its end:
    the member gets nothing for ever. On a busy machine that happens to polls of any length.
    """
    world = apache_world
    monkeypatch.setattr(consumer_module, "HEARTBEAT_INTERVAL_MS", 200)
    monkeypatch.setattr("edge.kafka.client.METADATA_MAX_AGE_MS", 500)
    numbers: set[int] = set()
    with polling(world, numbers) as member:
        wait_until(lambda: member.joined, "joining")
        grow(world, 12)
        world.send(Sent(b"x", partition=number) for number in range(12))
        wait_until(lambda: numbers == set(range(12)), "frames of the new partitions")


@contextmanager
def polling(world: World, numbers: set[int]) -> Iterator[RecordSource]:
    """A member with a thread that polls so briefly that a join outlasts it."""
    done = threading.Event()

    def poll(reading: RecordSource) -> None:
        while not done.is_set():
            numbers.update(record.partition.number for record in reading.poll(0.005))

    with source(world) as reading, ThreadPoolExecutor(1) as pool:
        future = pool.submit(poll, reading)
        try:
            yield reading
        finally:
            done.set()
            future.result()


def grow(world: World, partitions: int) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=world.kafka.bootstrap_servers)) as admin:
        admin.create_partitions({world.topics.frames_topic: partitions})


def test_a_sink_goes_on_after_a_refused_record(apache_world: World) -> None:
    """Trap 3 at the door: `renew` is all that a refused record asks for."""
    world = apache_world
    answers: list[BaseException | None] = []
    sink = RecordSink(world.kafka, "test")
    sink.open()
    try:
        results = world.topics.results_topic
        sink.send(Message(results, None, bytes(2 << 20)), answers.append)
        wait_until(lambda: len(answers) == 1)
        sink.send(Message(results, None, b"small"), answers.append)
        wait_until(lambda: len(answers) == 2)
        assert answers[1] is not None, "the trap is gone: renewing is no longer needed"
        sink.renew()
        sink.send(Message(results, None, b"small"), answers.append)
        wait_until(lambda: len(answers) == 3)
    finally:
        sink.close()
    assert answers[2] is None
    assert re.search("TooLarge", repr(answers[0]))
