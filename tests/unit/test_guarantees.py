"""Exactly-once is promised only where the cluster can keep it."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from kafka.errors import KafkaTimeoutError, TopicAuthorizationFailedError

from deploy.bundle.errors import Fatal, Unavailable
from edge.kafka import admin
from edge.kafka.guarantees import require_replicated_log, require_transactions
from edge.settings.kafka import KafkaSettings

SETTINGS = KafkaSettings(bootstrap_servers="broker:9092")
MODERN = {0: (0, 1), 27: (0, 1), 61: (0, 0), 65: (0, 0)}


class Cluster:
    """What an administrator is told of one."""

    def __init__(self) -> None:
        self.brokers, self.replicas = 1, 1
        self.requests: dict[int, tuple[int, int]] = MODERN
        self.trouble: Exception | None = None
        self.hidden = False

    def __call__(self, **_: Any) -> "Cluster":
        if self.trouble is not None:
            raise self.trouble
        return self

    def describe_cluster(self) -> Any:
        return {"brokers": [{"broker_id": number} for number in range(self.brokers)]}

    def get_broker_version_data(self, _: int) -> Any:
        return type("Versions", (), {"api_versions": self.requests})

    def describe_topics(self, _: list[str]) -> Any:
        partition = {"replica_nodes": list(range(self.replicas))}
        if self.hidden:
            return [{"error_code": TopicAuthorizationFailedError.errno, "partitions": []}]
        return [{"error_code": 0, "partitions": [partition, partition]}]

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    with patch.object(admin, "require_broker"), patch.object(admin, "KafkaAdminClient", made):
        yield made


def test_a_broker_that_knows_aborted_from_committed_will_do(cluster: Cluster) -> None:
    cluster.requests = MODERN
    require_transactions(SETTINGS)


def test_one_that_does_not_is_refused_with_what_it_lacks_and_what_to_do(cluster: Cluster) -> None:
    cluster.requests = {0: (0, 1), 65: (0, 0)}
    lacks = r"broker:9092 .* lacks WriteTxnMarkers, DescribeProducers.*--delivery at-least-once"
    with pytest.raises(Fatal, match=lacks):
        require_transactions(SETTINGS)


@pytest.mark.parametrize(("brokers", "replicas"), [(1, 1), (2, 2), (3, 3), (5, 3)])
def test_a_log_that_outlives_a_broker_will_do_and_so_must_a_single_broker(
    cluster: Cluster, brokers: int, replicas: int
) -> None:
    cluster.brokers, cluster.replicas = brokers, replicas
    require_replicated_log(SETTINGS)


@pytest.mark.parametrize(("brokers", "replicas"), [(2, 1), (3, 1), (3, 2), (5, 2)])
def test_a_log_that_a_cluster_could_lose_is_refused(
    cluster: Cluster, brokers: int, replicas: int
) -> None:
    cluster.brokers, cluster.replicas = brokers, replicas
    with pytest.raises(Fatal, match=f"has {replicas} replicas on {brokers} brokers"):
        require_replicated_log(SETTINGS)


def test_a_log_that_may_not_be_seen_is_said_so_and_no_reason_to_end(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.brokers, cluster.replicas, cluster.hidden = 3, 1, True
    require_replicated_log(SETTINGS)
    said = capsys.readouterr()
    assert "Describe on it is not granted" in said.out + said.err


def test_a_cluster_that_does_not_answer_is_asked_again(cluster: Cluster) -> None:
    cluster.trouble = KafkaTimeoutError("no answer")
    with pytest.raises(Unavailable, match="does not answer"):
        require_transactions(SETTINGS)
