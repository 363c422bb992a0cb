"""What Yardlight relies on, kept by the real Kafka and by the demo's broker.

Where the embedded broker (Tansu 0.6) does not keep a promise, the test says so and is expected to
fail there; it tells us when that is no longer true.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from threading import Event, Thread
from typing import Any

import pytest
from kafka import (
    KafkaAdminClient,
    KafkaConsumer,
    KafkaProducer,
    OffsetAndMetadata,
    TopicPartition,
)
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

from tests.brokers.protocol import Broker
from tests.brokers.topics import new_topic, unique
from tests.waiting import join

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 60.0
MIB = 1 << 20


def not_kept_by_embedded(reason: str) -> pytest.MarkDecorator:
    tansu = pytest.param("embedded", marks=pytest.mark.xfail(reason=f"Tansu 0.6 {reason}"))
    return pytest.mark.parametrize("broker", [tansu, "apache"], indirect=True)


def test_records_keep_key_value_headers_and_timestamp(broker: Broker) -> None:
    topic = new_topic(broker)
    headers = [("ce_id", b"1"), ("twice", b"a"), ("twice", b"b"), ("empty", b"")]
    with producer(broker) as send:
        send.send(topic, b"value", b"gate-3", headers=headers, timestamp_ms=1_700_000_000_123).get()
    (record,) = read(broker, topic, 1)
    assert (record.key, record.value) == (b"gate-3", b"value")
    assert list(record.headers) == headers
    assert record.timestamp == 1_700_000_000_123


def test_a_record_may_lack_its_key_or_its_value(broker: Broker) -> None:
    topic = new_topic(broker)
    with producer(broker) as send:
        send.send(topic, key=b"tombstone").get()
        send.send(topic, value=b"bare frame").get()
    tombstone, bare = read(broker, topic, 2)
    assert (tombstone.key, tombstone.value) == (b"tombstone", None)
    assert (bare.key, bare.value) == (None, b"bare frame")


def test_a_partition_is_read_in_the_order_it_was_written(broker: Broker) -> None:
    topic = new_topic(broker, partitions=2)
    with producer(broker, linger_ms=20) as send:
        for number in range(500):
            send.send(topic, str(number).encode(), partition=number % 2)
    for partition in (0, 1):
        records = read(broker, topic, 250, partition)
        assert [record.offset for record in records] == list(range(250))
        assert [int(record.value) for record in records] == list(range(partition, 500, 2))


def test_a_large_record_survives_where_the_topic_allows_it(broker: Broker) -> None:
    topic = new_topic(broker, settings={"max.message.bytes": str(8 * MIB)})
    picture = bytes(range(256)) * (3 * MIB // 256)
    with producer(broker, max_request_size=8 * MIB) as send:
        send.send(topic, picture).get()
    (record,) = read(broker, topic, 1)
    assert record.value == picture


def test_a_log_starts_at_zero_and_ends_after_its_last_record(broker: Broker) -> None:
    topic = new_topic(broker)
    tp = TopicPartition(topic, 0)
    with producer(broker) as send, consumer(broker) as reader:
        assert reader.end_offsets([tp]) == {tp: 0}
        for _ in range(3):
            send.send(topic, b"alone in its batch").get()
        assert reader.beginning_offsets([tp]) == {tp: 0}
        assert reader.end_offsets([tp]) == {tp: 3}


def test_the_high_watermark_is_after_the_last_record_of_a_batch(broker: Broker) -> None:
    topic = new_topic(broker)
    send_one_batch(broker, topic, 5)
    with consumer(broker) as reader:
        assert len(read_with(reader, topic, 5)) == 5
        assert reader.highwater(TopicPartition(topic, 0)) == 5


def test_a_second_member_takes_its_share_and_gives_it_back(broker: Broker) -> None:
    topic = new_topic(broker, partitions=4)
    group = unique("group")
    with member(broker, group, topic) as first, polling(first):
        wait_until(lambda: len(first.assignment()) == 4)
        with member(broker, group, topic) as second, polling(second):
            wait_until(lambda: len(first.assignment()) == len(second.assignment()) == 2)
            assert not first.assignment() & second.assignment()
        wait_until(lambda: len(first.assignment()) == 4)


def test_a_group_goes_on_where_it_committed(broker: Broker) -> None:
    topic = new_topic(broker)
    group = unique("group")
    tp = TopicPartition(topic, 0)
    with producer(broker) as send:
        for number in range(10):
            send.send(topic, str(number).encode()).get()
    with member(broker, group, topic) as first:
        read_until(lambda seen: len(seen) == 10, first)
        first.commit({tp: OffsetAndMetadata(4, "", -1)})
    with member(broker, group, topic) as second:
        seen = read_until(lambda seen: len(seen) == 6, second)
    assert [int(record.value) for record in seen] == [4, 5, 6, 7, 8, 9]


def test_an_outsider_can_read_what_a_group_committed(broker: Broker) -> None:
    topic = new_topic(broker)
    group = unique("group")
    tp = TopicPartition(topic, 0)
    with producer(broker) as send, consumer(broker, group_id=group) as reader:
        send.send(topic, b"frame").get()
        reader.assign([tp])
        reader.commit({tp: OffsetAndMetadata(1, "", -1)})
    with closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin:
        assert admin.list_group_offsets(group)[group][tp].offset == 1


@not_kept_by_embedded("says where the last batch begins, plus one")
def test_the_log_end_is_after_the_last_record_of_a_batch(broker: Broker) -> None:
    topic = new_topic(broker)
    send_one_batch(broker, topic, 5)
    tp = TopicPartition(topic, 0)
    with consumer(broker) as reader:
        assert reader.end_offsets([tp]) == {tp: 5}


@not_kept_by_embedded("answers every time with the start of the log")
def test_offsets_are_found_by_time(broker: Broker) -> None:
    topic = new_topic(broker)
    tp = TopicPartition(topic, 0)
    with producer(broker) as send, consumer(broker) as reader:
        for second in range(5):
            send.send(topic, b"frame", timestamp_ms=1_700_000_000_000 + second * 1000).get()
        found = reader.offsets_for_times({tp: 1_700_000_001_500})
    assert found[tp].offset == 2


@not_kept_by_embedded("takes a record of any size")
def test_a_record_above_the_topics_limit_is_refused(broker: Broker) -> None:
    topic = new_topic(broker)
    with producer(broker, max_request_size=8 * MIB) as send:
        future = send.send(topic, bytes(2 * MIB))
        with pytest.raises(MessageSizeTooLargeError):
            future.get(PATIENCE_SECONDS)


@not_kept_by_embedded("makes any topic that is asked for")
def test_a_topic_is_not_made_by_writing_to_it(broker: Broker) -> None:
    with producer(broker, max_block_ms=1000) as send, pytest.raises(KafkaTimeoutError):
        send.send(unique("nobody-made-this"), b"frame")


@not_kept_by_embedded("forgets a topic's settings")
def test_the_settings_of_a_topic_can_be_read_back(broker: Broker) -> None:
    topic = new_topic(broker, settings={"retention.ms": "123456"})
    asked = ConfigResource(ConfigResourceType.TOPIC, topic)
    with closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin:
        settings = admin.describe_configs([asked])["topic"][topic]
    assert settings["retention.ms"]["value"] == "123456"


@not_kept_by_embedded("hangs up; only deleting the topic frees memory")
def test_records_can_be_deleted(broker: Broker) -> None:
    topic = new_topic(broker)
    tp = TopicPartition(topic, 0)
    with producer(broker) as send:
        for _ in range(3):
            send.send(topic, b"frame").get()
    with closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin:
        admin.delete_records({tp: 2})
    with consumer(broker) as reader:
        assert reader.beginning_offsets([tp]) == {tp: 2}


@not_kept_by_embedded("shows them")
def test_a_committed_reader_does_not_see_an_aborted_transaction(broker: Broker) -> None:
    topic = new_topic(broker)
    with producer(broker, transactional_id=unique("transaction")) as send:
        send.init_transactions()
        for value, end in [(b"no", send.abort_transaction), (b"yes", send.commit_transaction)]:
            send.begin_transaction()
            send.send(topic, value)
            send.flush()
            end()
    with consumer(broker, isolation_level="read_committed") as reader:
        first, *_ = read_with(reader, topic, 1)
    assert first.value == b"yes"


@contextmanager
def producer(broker: Broker, **settings: object) -> Iterator[KafkaProducer]:
    with closing(KafkaProducer(bootstrap_servers=broker.address, **settings)) as made:
        yield made


@contextmanager
def consumer(broker: Broker, *topics: str, **settings: object) -> Iterator[KafkaConsumer]:
    ours: Mapping[str, object] = {"enable_auto_commit": False, "auto_offset_reset": "earliest"}
    made = KafkaConsumer(*topics, bootstrap_servers=broker.address, **ours, **settings)
    with closing(made):
        yield made


def member(broker: Broker, group: str, topic: str) -> AbstractContextManager[KafkaConsumer]:
    return consumer(
        broker,
        topic,
        group_id=group,
        session_timeout_ms=6000,
        heartbeat_interval_ms=500,
        partition_assignment_strategy=[CooperativeStickyAssignor],
    )


@contextmanager
def polling(reader: KafkaConsumer) -> Iterator[None]:
    """Poll it in a thread of its own, as every member of a group must be."""
    enough = Event()

    def poll_on() -> None:
        while not enough.is_set():
            poll(reader)

    thread = Thread(target=poll_on)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        join(thread)


def send_one_batch(broker: Broker, topic: str, records: int) -> None:
    with producer(broker, linger_ms=1000) as send:
        futures = [send.send(topic, b"frame") for _ in range(records)]
        send.flush()
        assert [future.get().offset for future in futures] == list(range(records))


def read(broker: Broker, topic: str, count: int, partition: int = 0) -> list[Any]:
    """The first `count` records of a partition."""
    with consumer(broker) as reader:
        return read_with(reader, topic, count, partition)


def read_with(reader: KafkaConsumer, topic: str, count: int, partition: int = 0) -> list[Any]:
    tp = TopicPartition(topic, partition)
    reader.assign([tp])
    reader.seek(tp, 0)
    return read_until(lambda seen: len(seen) >= count, reader)


def read_until(enough: Callable[[list[Any]], bool], reader: KafkaConsumer) -> list[Any]:
    seen: list[Any] = []

    def poll_and_look() -> bool:
        seen.extend(poll(reader))
        return enough(seen)

    wait_until(poll_and_look)
    return seen


def poll(reader: KafkaConsumer) -> list[Any]:
    """One short poll.

    kafka-python 3.0.12 forgets a join that outlasts the poll which began it, if it began because
    the topic's metadata changed: the member never gets a partition. Asking again helps.
    """
    coordinator = reader._coordinator
    if coordinator is not None and coordinator.rejoining:
        coordinator.request_rejoin()
    return [record for records in reader.poll(100).values() for record in records]


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, "what this test waits for did not happen"
        time.sleep(0.01)
