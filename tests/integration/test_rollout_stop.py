"""A stop waits for no new engine, and leaves nothing of it behind."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.candidates import make_candidate
from tests.integration.running import Command, command, options
from tests.integration.test_rollout import traffic
from tests.integration.world import World
from tests.integration.yard import SLOT, Yard
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
DRAIN_SECONDS = 20.0


@pytest.fixture
def yard(apache_world: World, tmp_path: Path) -> Yard:
    return Yard(apache_world, tmp_path)


@contextmanager
def node(yard: Yard, what: str, begun: Path, *more: str) -> Iterator[Command]:
    cache = ("--bundles-cache", str(yard.cache("one")))
    words = ("--slot", SLOT, "--node", "one", *cache, "--drain-seconds", str(DRAIN_SECONDS), *more)
    module = "tests.integration.never_ending"
    run = (what, str(begun), "run", *options(yard.world, *words))
    with command(yard.folder / "log", module, *run) as running:
        yield running


@pytest.mark.parametrize("what", ["build", "load"])
@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_a_stop_while_an_engine_is_on_its_way_for_ever_keeps_to_the_drain_budget(
    yard: Yard, tmp_path: Path, what: str, delivery: str
) -> None:
    # Of a version of its own: engines of the others may lie there.
    candidate = make_candidate(tmp_path / "new", version=f"{what}-{delivery}")
    begun = tmp_path / "begun"
    engines = yard.world.engine_cache / candidate.digest[7:23]
    with traffic(yard.world) as coming, node(yard, what, begun, "--delivery", delivery) as one:
        one.ready()
        yard.ordered(candidate.folder)
        wait_until(lambda: begun.exists() and begun.read_text(encoding="ascii") != "", "its start")
        since = coming.sent
        wait_until(lambda: coming.sent > since + 50, "frames meanwhile")
        asked = time.monotonic()
        assert one.stop() == 0, one.said()
        assert time.monotonic() - asked < DRAIN_SECONDS
    assert not one.has_said("not finished in time")
    assert list(engines.glob(".building-*")) == []
    builder = int(begun.read_text(encoding="ascii"))
    assert builder == 0 or not Path(f"/proc/{builder}").exists()
    assert one.has_said("left in the midst of a new engine") == (what == "load")
    # Each frame that was under way has its outcome once, now that another goes on.
    with yard.node("two", "--delivery", delivery) as two:
        two.ready()
        wait_until(lambda: yard.world.audit().pending == 0, "all outcomes")
        assert two.stop() == 0, two.said()
    assert yard.world.audit().status("exactly-once") == 0


def test_a_builder_ends_with_a_node_that_is_killed(yard: Yard, tmp_path: Path) -> None:
    candidate = make_candidate(tmp_path / "new", version="killed")
    begun = tmp_path / "begun"
    with node(yard, "build", begun) as one:
        one.ready()
        yard.ordered(candidate.folder)
        wait_until(lambda: begun.exists() and begun.read_text(encoding="ascii") != "", "its start")
        one.process.kill()
        one.process.wait()
    builder = Path("/proc", begun.read_text(encoding="ascii"), "stat")
    wait_until(lambda: not builder.exists() or ") Z " in builder.read_text(), "the builder's end")
