"""Topics of a test's own, on a broker it shares with others."""

from collections.abc import Mapping
from contextlib import closing
from uuid import uuid4

from kafka import KafkaAdminClient

from tests.brokers.protocol import Broker


def unique(name: str) -> str:
    """`name` with an ending that no other test has: for topics, groups and transactional ids."""
    return f"{name}-{uuid4().hex[:12]}"


def new_topic(
    broker: Broker,
    name: str = "topic",
    *,
    partitions: int = 1,
    settings: Mapping[str, str] | None = None,
) -> str:
    """A new topic under a unique name that begins with `name`; it can be used at once."""
    topic = unique(name)
    wanted = {"num_partitions": partitions, "replication_factor": 1, "configs": settings or {}}
    with closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin:
        admin.create_topics({topic: wanted}, wait_for_metadata=True)
    return topic
