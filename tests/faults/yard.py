"""A service under load on three brokers, to which a test does something."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.kafka.reader import TopicReader
from edge.settings.delivery import Delivery
from tests.brokers.cluster import SIZE, Cluster
from tests.faults.fleet import Fleet
from tests.faults.recount import recount
from tests.integration.traffic import Traffic
from tests.integration.world import World, world_on
from tests.waiting import wait_until

_FRAMES = 40


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a group has come, by its committed offsets."""

    world: World

    def total(self) -> int:
        with TopicReader(self.world.kafka, self.world.group) as reader:
            return sum(reader.committed(at) or 0 for at in reader.partitions(self._topic))

    def everywhere(self) -> None:
        """Wait until every partition is committed beyond where it ends now."""
        with TopicReader(self.world.kafka, self.world.group) as reader:
            ends = {at: held.end for at, held in reader.bounds(self._topic).items()}
            wait_until(
                lambda: all((reader.committed(at) or 0) > end for at, end in ends.items()),
                "every partition to be served",
            )

    @property
    def _topic(self) -> str:
        return self.world.topics.frames_topic


@dataclass(frozen=True, slots=True)
class Yard:
    """Members of one group that see the cluster through its proxies."""

    cluster: Cluster
    world: World
    fleet: Fleet
    traffic: Traffic

    def work(self, frames: int = _FRAMES) -> None:
        """Wait until so many frames more are done: committed, with their outcomes."""
        before = self._committed()
        wait_until(lambda: self._committed() >= before + frames, f"{frames} more frames done")

    def _committed(self) -> int:
        self.fleet.mend()
        return Progress(self.world).total()


@contextmanager
def yard(
    cluster: Cluster, delivery: Delivery, bundle: Path, folder: Path, members: int = 2
) -> Iterator[Yard]:
    """Within `with` frames come and are classified. At its end all of them are recounted, by the
    audit and by a client that is not ours. A member that ends is started again, as by systemd.
    """
    world = world_on(cluster, bundle, folder / "engines", replication=SIZE)
    words = ("--bootstrap-servers", cluster.through_proxies)
    with Fleet(world, folder, delivery, members, *words) as fleet:
        traffic = Traffic(world)
        try:
            made = Yard(cluster, world, fleet, traffic)
            made.work()
            yield made
            made.work()
        finally:
            cluster.heal()
            traffic.end()
        fleet.until_done()
        fleet.stop_all()
    accounted(cluster.address, world, delivery)


def accounted(address: str, world: World, delivery: Delivery) -> None:
    """Recount by the audit, and by a client that is not ours."""
    found = recount(address, world.topics)
    assert found.lost == []
    assert world.audit().status(delivery) == 0
    if delivery == "exactly-once":
        assert found.duplicated == []
