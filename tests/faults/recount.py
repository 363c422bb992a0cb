"""The independent count: what a reader sees, by a client library and with code that is not ours."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import confluent_kafka

from edge.settings.topics import TopicSettings

Place: TypeAlias = tuple[int, int]
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Recount:
    """Places, partition and offset, in the frames topic."""

    frames: frozenset[Place]
    outcomes: Counter[Place]

    @property
    def lost(self) -> list[Place]:
        return sorted(self.frames - self.outcomes.keys())

    @property
    def duplicated(self) -> list[Place]:
        return sorted(place for place, count in self.outcomes.items() if count > 1)


def recount(address: str, topics: TopicSettings) -> Recount:
    """Count what a reader of committed records sees."""
    frames = committed_records(address, topics.frames_topic)
    sent = frozenset((record.partition(), record.offset()) for record in frames)
    outcomes: Counter[Place] = Counter()
    for record in committed_records(address, topics.results_topic):
        frame = json.loads(record.value())["frame"]
        outcomes[frame["partition"], frame["offset"]] += 1
    for record in committed_records(address, topics.dead_letters_topic):
        headers = dict(record.headers())
        place = int(headers["yardlight_partition"]), int(headers["yardlight_offset"])
        outcomes[place] += 1
    return Recount(sent, outcomes)


def committed_records(address: str, topic: str) -> Iterator[Any]:
    """Every committed record of a topic."""
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": address,
            "group.id": "recount",
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    partitions = consumer.list_topics(topic, timeout=_PATIENCE).topics[topic].partitions
    consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in partitions])
    left = len(partitions)
    try:
        while left:
            record = consumer.poll(_PATIENCE)
            assert record is not None, f"nothing comes from {topic} any more"
            error = record.error()
            if error is None:
                yield record
            elif error.code() == confluent_kafka.KafkaError._PARTITION_EOF:
                left -= 1
            else:
                raise confluent_kafka.KafkaException(error)
    finally:
        consumer.close()
