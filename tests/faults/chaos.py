"""Faults under load, in an order that the seed decides, and what was left of the frames.

`make chaos MINUTES=10 SEED=7` runs it for each delivery and prints a table; with `BROKERS=3` on a
cluster, of which one broker at a time is killed or stopped.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from edge.settings.delivery import Delivery
from tests.brokers.apache import ApacheKafka
from tests.brokers.cluster import SIZE, Cluster
from tests.brokers.protocol import Broker
from tests.faults.fleet import Fleet
from tests.faults.recount import Recount, recount
from tests.faults.schedule import Fault, Kind, faults
from tests.integration.traffic import Traffic
from tests.integration.world import World, world_on
from tests.models import make_tiny_bundle

MEMBERS = 3
_FROZEN_SECONDS = 9.0
_BROKER_GONE_SECONDS = 2.0
_TICK = 0.1


@dataclass(slots=True)
class Survived:
    """What was done, and what became of the frames."""

    delivery: Delivery
    done: Counter[Kind]
    found: Recount
    audit: int
    """Exit status of the audit under that delivery."""
    failures: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether the delivery's promise was."""
        repeats = self.found.duplicated if self.delivery == "exactly-once" else []
        return not (self.found.lost or repeats or self.audit)


def survive(
    delivery: Delivery,
    seed: int,
    seconds: float,
    brokers: Sequence[ApacheKafka],
    world: World,
    folder: Path,
) -> Survived:
    """Run members under load and do the seed's faults to them and to their brokers."""
    traffic = Traffic(world)
    done: Counter[Kind] = Counter()
    with Fleet(world, folder, delivery, MEMBERS) as fleet:
        begin = time.monotonic()
        for fault in faults(seed, seconds, MEMBERS):
            while time.monotonic() - begin < fault.at:
                fleet.mend()
                time.sleep(_TICK)
            _do(fault, fleet, brokers[fault.member % len(brokers)])
            done[fault.kind] += 1
        traffic.end()
        fleet.until_done()
        fleet.stop_all()
        failures = fleet.failures
    found = recount(world.kafka.bootstrap_servers, world.topics)
    return Survived(delivery, done, found, world.audit().status(delivery), failures)


def _do(fault: Fault, fleet: Fleet, broker: ApacheKafka) -> None:
    match fault.kind:
        case "kill":
            fleet.kill(fault.member)
        case "stop":
            fleet.stop(fault.member)
        case "freeze":
            fleet.freeze(fault.member, _FROZEN_SECONDS)
        case "broker-kill" | "broker-stop":
            broker.kill() if fault.kind == "broker-kill" else broker.stop()
            time.sleep(_BROKER_GONE_SECONDS)
            broker.start()


def main() -> None:
    minutes, seed = float(os.environ.get("MINUTES", "2")), int(os.environ.get("SEED", "1"))
    count = int(os.environ.get("BROKERS", "1"))
    if count not in {1, SIZE}:
        sys.exit(f"BROKERS={count}: there may be 1 or {SIZE}")
    runs = []
    with tempfile.TemporaryDirectory(prefix="yardlight-chaos-") as place:
        bundle = make_tiny_bundle(Path(place) / "bundle")
        for delivery in ("exactly-once", "at-least-once"):
            folder = Path(place) / delivery
            folder.mkdir()
            with _brokers(count) as (where, brokers):
                world = world_on(where, bundle.folder, Path(place) / "engines", replication=count)
                runs.append(survive(delivery, seed, 60 * minutes, brokers, world, folder))
    Console().print(_table(runs, f"seed {seed}, {count} broker{'s' * (count > 1)}"))
    sys.exit(not all(run.kept for run in runs))


@contextmanager
def _brokers(count: int) -> Iterator[tuple[Broker, Sequence[ApacheKafka]]]:
    """What clients bootstrap from, and those that faults are done to."""
    if count == 1:
        with ApacheKafka() as broker:
            yield broker, [broker]
    else:
        with Cluster() as cluster:
            yield cluster, cluster.brokers


def _table(runs: list[Survived], title: str) -> Table:
    table = Table(
        "delivery", "faults survived", "frames", "outcomes", "lost", "duplicated", "audit",
        title=title,
    )  # fmt: skip
    for run in runs:
        done = ", ".join(f"{count} {kind}" for kind, count in sorted(run.done.items()))
        found = run.found
        table.add_row(
            run.delivery,
            done,
            str(len(found.frames)),
            str(found.outcomes.total()),
            str(len(found.lost)),
            str(len(found.duplicated)),
            str(run.audit),
        )
    return table


if __name__ == "__main__":
    main()
