"""What a recount of millions of offsets costs: the command that a user types, on a real broker."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import confluent_kafka

from edge.frame import Partition
from edge.kafka.topics import TopicAdmin, plan_topics
from edge.pipeline.messages import MessageWriter
from edge.record import Message
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings
from tests.bench.cost import Cost, cost_of
from tests.bench.rig import save, say, say_load
from tests.brokers.apache import ApacheKafka
from tests.unit.outcomes import classified, inferred_frame, some_writer

_OFFSETS = 2_000_000
_PARTITIONS = 4
_GROUP = "audited"
_TOPICS = TopicSettings()
_MARK = 987_654_321
"""An offset that is written nowhere else in a record, and replaced."""


def measure_audit() -> None:
    """Print and save what it costs to recount `OFFSETS` of them, each classified."""
    say_load()
    count = int(os.environ.get("OFFSETS", _OFFSETS))
    with ApacheKafka() as broker:
        kafka = KafkaSettings(bootstrap_servers=broker.address)
        with TopicAdmin(kafka) as admin:
            admin.create(plan_topics(_TOPICS, _PARTITIONS, 1))
        _fill(broker.address, count)
        few = _recount(broker.address, "--from", "0", "--to", "1")
        cost = _recount(broker.address)
    say(
        f"audit of {count} offsets: {cost.seconds:.1f} s, {cost.processor:.1f} s of one core "
        f"({count / cost.processor:.0f} offsets a second)"
    )
    say(
        f"memory {cost.peak / 1e6:.0f} MB in the largest process; to count {_PARTITIONS} of them "
        f"alone {few.peak / 1e6:.0f} MB"
    )
    save("audit", {"offsets": count, "seconds": cost.seconds, "peak": cost.peak, "few": few.peak})


def _recount(address: str, *more: str) -> Cost:
    words = ["audit", "--bootstrap-servers", address, "--group", _GROUP, *more]
    return cost_of("edge.cli", words)


def _fill(address: str, count: int) -> None:
    """Tiny frames, an outcome as the service writes it for each, and the position after them."""
    each = count // _PARTITIONS
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": address, "linger.ms": 50, "queue.buffering.max.messages": 200_000}
    )
    for number in range(_PARTITIONS):
        outcome = _outcomes(Partition(_TOPICS.frames_topic, number))
        for offset in range(each):
            _send(producer, number, Message(_TOPICS.frames_topic, b"gate-1", b"."))
            _send(producer, number, outcome(offset))
    producer.flush()
    _commit(address, each)


def _send(producer: Any, partition: int, message: Message) -> None:
    while True:
        try:
            producer.produce(
                message.topic, message.value, message.key, partition, headers=message.headers
            )
        except BufferError:
            producer.poll(0.1)
        else:
            return


def _outcomes(partition: Partition) -> Callable[[int], Message]:
    """What the service writes for a frame of that partition, by its offset."""
    frame = replace(inferred_frame(offset=_MARK), partition=partition)
    writer = MessageWriter(_GROUP, _TOPICS, some_writer(), time.monotonic, time.time)
    made, mark = writer.write(classified(frame)), str(_MARK).encode()
    assert made.value is not None
    value = made.value

    def outcome(offset: int) -> Message:
        return replace(made, value=value.replace(mark, str(offset).encode()))

    return outcome


def _commit(address: str, position: int) -> None:
    options = {"bootstrap.servers": address, "group.id": _GROUP, "enable.auto.commit": False}
    consumer = confluent_kafka.Consumer(options)
    places = _places(position)
    consumer.commit(offsets=list(places), asynchronous=False)
    consumer.close()


def _places(position: int) -> Iterator[Any]:
    for number in range(_PARTITIONS):
        yield confluent_kafka.TopicPartition(_TOPICS.frames_topic, number, position)
