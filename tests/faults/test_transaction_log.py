"""Exactly-once is refused where one broker's loss would take the log of transactions along."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers.cluster import Cluster
from tests.brokers.fixtures import insist_on_apache
from tests.integration.running import member
from tests.integration.world import World, pictures, world_on

pytestmark = [pytest.mark.slow, pytest.mark.minutes]
ONE_COPY = {
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
}


@pytest.fixture
def world(pytestconfig: pytest.Config, tiny_bundle: Path, tmp_path: Path) -> Iterator[World]:
    """On three brokers that keep one copy of that log; a single one is only warned about
    (`tests/integration/test_exactly_once.py`).
    """
    insist_on_apache(pytestconfig)
    with Cluster(ONE_COPY) as cluster:
        yield world_on(cluster, tiny_bundle, tmp_path / "engines")


def test_a_cluster_with_one_copy_of_its_transactions_is_refused_and_told_what_to_do(
    world: World, tmp_path: Path
) -> None:
    words = ("--delivery", "exactly-once", "--member", "one")
    with member(world, tmp_path / "one.log", *words) as running:
        assert running.ended() == 1
        said = " ".join(running.said().replace("│", " ").split())
    assert "__transaction_state has 1 replicas on 3 brokers" in said
    assert "Raise its replication to 3, or use --delivery at-least-once" in said
    with member(world, tmp_path / "two.log") as running:
        world.send(pictures(8))
        assert len(world.results(8)) == 8
        assert running.stop() == 0
