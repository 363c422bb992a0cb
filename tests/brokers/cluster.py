"""Three brokers of Apache Kafka, each behind a network of its own that can fail.

Members of the service reach them through the proxies, since those are what the brokers advertise to
them. Whoever sends frames and recounts afterwards uses another listener, which nothing is done to.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any

from confluent_kafka import ElectionType, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

from tests.brokers.apache import ApacheKafka
from tests.brokers.ports import free_ports
from tests.brokers.proxy import FaultProxy

SIZE = 3
_HEAP = "384m"
_PATIENCE = 30.0


class Cluster:
    """For `with`. Brokers are counted from 0; their `node.id` is one more."""

    def __init__(self, properties: Mapping[str, str] | None = None) -> None:
        """`properties` are added to each broker's server.properties and win over ours."""
        clients, controllers, directs, proxied = (free_ports(SIZE) for _ in range(4))
        quorum = ",".join(f"{n + 1}@127.0.0.1:{port}" for n, port in enumerate(controllers))
        self.proxies = [
            FaultProxy(port, client) for port, client in zip(proxied, clients, strict=True)
        ]
        self.brokers = [
            ApacheKafka(
                {
                    **_properties(number, clients, controllers, directs, proxied, quorum),
                    **(properties or {}),
                },
                port=clients[number],
                heap=_HEAP,
            )
            for number in range(SIZE)
        ]
        self.address = ",".join(f"127.0.0.1:{port}" for port in directs)
        """What clients bootstrap from to which nothing is done."""
        self.through_proxies = ",".join(proxy.address for proxy in self.proxies)
        """What members bootstrap from."""
        self._stack = ExitStack()

    def heal(self) -> None:
        for proxy in self.proxies:
            proxy.heal()

    @contextmanager
    def without(self, number: int) -> Iterator[None]:
        """Kill a broker (SIGKILL); it is started again at the end, whatever happens."""
        self.brokers[number].kill()
        try:
            yield
        finally:
            self.brokers[number].start()

    def leader(self, topic: str) -> int:
        """The broker that leads the first partition; below zero while nobody does."""
        return int(self._partitions(topic)[0].leader) - 1

    def in_sync(self, topic: str) -> bool:
        """Whether every partition has all of its copies."""
        return all(len(it.isrs) == len(it.replicas) for it in self._partitions(topic).values())

    def coordinator(self, group: str) -> int:
        """The broker that looks after a group."""
        admin = self._admin()
        described = admin.describe_consumer_groups([group])[group].result(_PATIENCE)
        return int(described.coordinator.id) - 1

    def elect_first(self, topic: str) -> None:
        """The broker that led the first partition at first is to do so again."""
        admin = self._admin()
        first = TopicPartition(topic, 0)
        admin.elect_leaders(ElectionType.PREFERRED, [first]).result(_PATIENCE)

    def add_partitions(self, topic: str, total: int) -> None:
        admin = self._admin()
        admin.create_partitions([NewPartitions(topic, total)])[topic].result(_PATIENCE)

    def delete(self, topic: str) -> None:
        """Gone it is a little later."""
        admin = self._admin()
        admin.delete_topics([topic])[topic].result(_PATIENCE)

    def _admin(self) -> Any:
        # Not kafka-python's, which gives up where one of the brokers is gone.
        return AdminClient({"bootstrap.servers": self.address, "log_level": 0})

    def _partitions(self, topic: str) -> Any:
        return self._admin().list_topics(topic, timeout=_PATIENCE).topics[topic].partitions

    def __enter__(self) -> "Cluster":
        with ExitStack() as stack:
            for proxy in self.proxies:
                stack.enter_context(proxy)
            for broker in self.brokers:
                stack.callback(broker.discard)
            with ThreadPoolExecutor() as pool:
                list(pool.map(ApacheKafka.prepare, self.brokers))
            for broker in self.brokers:
                broker.launch()
            for broker in self.brokers:
                broker.await_answer()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()


def _properties(
    number: int,
    clients: list[int],
    controllers: list[int],
    directs: list[int],
    proxied: list[int],
    quorum: str,
) -> Mapping[str, str]:
    at = "127.0.0.1"
    return {
        "node.id": str(number + 1),
        "controller.quorum.voters": quorum,
        "listeners": (
            f"PLAINTEXT://{at}:{clients[number]},DIRECT://{at}:{directs[number]},"
            f"CONTROLLER://{at}:{controllers[number]}"
        ),
        "advertised.listeners": (
            f"PLAINTEXT://{at}:{proxied[number]},DIRECT://{at}:{directs[number]}"
        ),
        "listener.security.protocol.map": (
            "PLAINTEXT:PLAINTEXT,DIRECT:PLAINTEXT,CONTROLLER:PLAINTEXT"
        ),
        "inter.broker.listener.name": "DIRECT",
        "min.insync.replicas": "2",
        "default.replication.factor": "3",
        "offsets.topic.replication.factor": "3",
        "transaction.state.log.replication.factor": "3",
        "transaction.state.log.min.isr": "2",
        # One that was killed is missed soon.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        "leader.imbalance.check.interval.seconds": "3600",
    }
