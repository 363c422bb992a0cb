"""What a reader of committed records sees, counted without our own code."""

from collections import Counter
from contextlib import closing

from kafka import KafkaConsumer, TopicPartition

from edge.audit.report import CLEAN
from edge.audit.tally import Answer
from edge.wire import read_classification
from tests.integration.world import World

Place = tuple[int, int]
"""Partition and offset of a frame."""


def committed_results(world: World) -> Counter[Place]:
    """How often it sees each frame classified."""
    topic = world.topics.results_topic
    consumer = KafkaConsumer(
        bootstrap_servers=world.kafka.bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    seen: Counter[Place] = Counter()
    with closing(consumer):
        places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(timeout_ms=200).values():
                for record in records:
                    frame = read_classification(record.value).frame
                    seen[frame.partition, frame.offset] += 1
    return seen


def assert_each_has_its_outcome_once(world: World, sent: int) -> None:
    """Nothing was lost, and nothing is there twice for whoever reads committed records."""
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    dead = report.total(Answer.DEAD_LETTERED)
    assert report.total(Answer.CLASSIFIED) == sent - dead
    seen = committed_results(world)
    assert len(seen) == sent - dead
    assert set(seen.values()) == {1}
