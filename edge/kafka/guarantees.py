"""Whether the cluster can keep what exactly-once promises."""

from typing import Any

from kafka.errors import TopicAuthorizationFailedError

from deploy.bundle.errors import Fatal
from edge.kafka.admin import administrating
from edge.observe.logs import get_logger
from edge.settings.kafka import KafkaSettings

_log = get_logger("transactions")
_NEEDED = {"WriteTxnMarkers": 27, "DescribeProducers": 61, "DescribeTransactions": 65}
"""Requests by which a broker shows that it knows committed from aborted records (KIP-98, KIP-664),
by number. The embedded one takes transactions and hands aborted records to everybody."""
_LOG = "__transaction_state"
_SAFE_REPLICAS = 3


def require_transactions(settings: KafkaSettings) -> None:
    """Insist on a broker that keeps aborted records from its readers.

    Raises:
        Unavailable: the broker does not answer.
        Fatal: it has no such transactions.
    """
    with administrating(settings) as admin:
        # Not `api_versions`: it fails on a broker newer than itself.
        broker = admin.describe_cluster()["brokers"][0]["broker_id"]
        offered = admin.get_broker_version_data(broker).api_versions
    if missing := [name for name, number in _NEEDED.items() if number not in offered]:
        raise Fatal(
            f"the broker at {settings.bootstrap_servers} cannot keep exactly-once: it lacks "
            f"{', '.join(missing)}, so readers may see aborted records. Use Apache Kafka 3.0 or "
            "newer, or --delivery at-least-once"
        )


def require_replicated_log(settings: KafkaSettings) -> None:
    """Insist that the log of transactions outlives a broker, where there is more than one.

    Whoever may not look at that log is told so, and goes on.

    Raises:
        Unavailable: the cluster does not answer.
        Fatal: one broker's loss would take the log along.
    """
    with administrating(settings) as admin:
        brokers = len(admin.describe_cluster()["brokers"])
        replicas = _replicas(admin)
    if replicas is None:
        _log.warning(f"how often {_LOG} is replicated is not known: Describe on it is not granted")
        return
    if replicas >= min(_SAFE_REPLICAS, brokers) and brokers > 1:
        return
    if brokers > 1:
        raise Fatal(
            f"{_LOG} has {replicas} replicas on {brokers} brokers: losing one could lose what was "
            "committed. Raise its replication to 3, or use --delivery at-least-once"
        )
    _log.warning("a single broker holds all transactions: exactly-once lasts as long as its disk")


def _replicas(admin: Any) -> int | None:
    """Fewest replicas of a partition of the transaction log; None if it may not be seen."""
    (described,) = admin.describe_topics([_LOG])
    if described["error_code"] == TopicAuthorizationFailedError.errno:
        return None
    return min(len(partition["replica_nodes"]) for partition in described["partitions"])
