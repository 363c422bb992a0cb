"""What the cluster says of its topics and of its clock; nothing is written to find out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import AuthorizationError, IncompatibleBrokerVersion

from edge.kafka.admin import administrating
from edge.settings.kafka import KafkaSettings


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """A topic as it is."""

    name: str
    partitions: int = 0
    """0 where it does not exist, or may not be seen."""
    replication: int = 0
    """Copies of the partition that has fewest."""
    limits: Mapping[str, str] = field(default_factory=dict)
    """Its settings by Kafka's names; empty where they may not be seen."""

    def limit(self, name: str) -> int | None:
        """A limit as a number, None if it is not known."""
        value = self.limits.get(name)
        return int(value) if value is not None else None


@dataclass(frozen=True, slots=True)
class Skew:
    """How far a broker's clock is ahead of ours."""

    seconds: float
    uncertainty: float
    """Seconds that the true value may lie to either side."""


class SkewUnknown(Exception):  # noqa: N818 - an answer, not a fault
    """The cluster does not tell its time to us; the message says why."""


def topic_facts(settings: KafkaSettings, names: Iterable[str]) -> dict[str, TopicFacts]:
    """Facts by name, of each topic that was asked for.

    Raises:
        Unavailable: no broker answers.
    """
    wanted = list(names)
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted]
    with administrating(settings) as admin:
        described = {topic["name"]: topic for topic in admin.describe_topics(wanted)}
        limits = admin.describe_configs(resources, config_filter="all").get("topic", {})
    return {name: _facts(name, described[name], limits.get(name, {})) for name in wanted}


def broker_count(settings: KafkaSettings) -> int:
    """Brokers of the cluster.

    Raises:
        Unavailable: no broker answers.
    """
    with administrating(settings) as admin:
        return len(admin.describe_cluster()["brokers"])


def clock_skew(settings: KafkaSettings, wall: Callable[[], float]) -> Skew:
    """How far the cluster's clock is ahead of `wall`.

    The leader of the metadata quorum gives the current time as when it last caught up with itself
    (DescribeQuorum): the only answer of Kafka's that holds a broker's clock and needs no record.

    Raises:
        SkewUnknown: that may not be asked for, or this broker does not answer it.
        Unavailable: no broker answers.
    """
    with administrating(settings) as admin:
        try:
            before = wall()
            quorum = admin.describe_metadata_quorum()
            after = wall()
        except AuthorizationError:
            raise SkewUnknown("Describe on the cluster is not granted") from None
        except IncompatibleBrokerVersion:
            raise SkewUnknown("this broker does not tell its time") from None
    time = _leaders_time(quorum)
    if time is None:
        raise SkewUnknown("this broker does not tell its time")
    return Skew(time - (before + after) / 2, (after - before) / 2)


def _leaders_time(quorum: Any) -> float | None:
    for topic in quorum["topics"]:
        for partition in topic["partitions"]:
            for voter in partition["current_voters"]:
                leads = voter["replica_id"] == partition["leader_id"]
                if leads and voter["last_caught_up_timestamp"] > 0:
                    return float(voter["last_caught_up_timestamp"]) / 1000
    return None


def _facts(name: str, described: Mapping[str, Any], limits: Mapping[str, Any]) -> TopicFacts:
    partitions = described["partitions"] or []
    copies = [len(partition["replica_nodes"]) for partition in partitions]
    values = {key: str(entry["value"]) for key, entry in limits.items() if entry["value"]}
    return TopicFacts(name, len(partitions), min(copies, default=0), values)
