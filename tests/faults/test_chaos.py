"""A short run of `make chaos`, and that its schedule and its recount can be relied on."""

from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from edge.settings.delivery import Delivery
from tests.brokers.apache import ApacheKafka
from tests.brokers.fixtures import insist_on_apache
from tests.faults.chaos import survive
from tests.faults.recount import Recount
from tests.faults.schedule import KINDS, faults
from tests.integration.world import world_on

_SECONDS = 40.0
_SEED = 4


def test_a_seed_always_means_the_same_faults() -> None:
    assert list(faults(3, 600, 3)) == list(faults(3, 600, 3))
    assert list(faults(3, 600, 3)) != list(faults(4, 600, 3))


def test_ten_minutes_hold_every_kind_of_fault_and_thirty_kills_and_stops() -> None:
    done = Counter(fault.kind for fault in faults(1, 600, 3))
    assert set(done) == set(KINDS)
    assert done.total() - done["freeze"] >= 30


def test_a_recount_names_what_is_lost_and_what_is_there_twice() -> None:
    found = Recount(frozenset({(0, 1), (0, 2), (1, 1)}), Counter({(0, 1): 1, (1, 1): 2}))
    assert (found.lost, found.duplicated) == ([(0, 2)], [(1, 1)])


@pytest.mark.slow
@pytest.mark.parametrize("delivery", get_args(Delivery))
def test_the_promise_is_kept_through_kills_freezes_and_a_broker_that_goes(
    delivery: Delivery,
    pytestconfig: pytest.Config,
    tiny_bundle: Path,
    tmp_path: Path,
) -> None:
    insist_on_apache(pytestconfig)
    with ApacheKafka() as broker:
        world = world_on(broker, tiny_bundle, tmp_path / "engines")
        survived = survive(delivery, _SEED, _SECONDS, [broker], world, tmp_path)
    assert survived.kept, survived
    assert survived.done.total() >= 3
    assert len(survived.found.frames) > 0
