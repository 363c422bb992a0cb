"""Another bundle for every node: tried beside the one that serves, and no frame is lost by it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from deploy.bundle.manifest import open_bundle
from edge.audit.report import CLEAN
from tests.candidates import Kind, make_candidate
from tests.integration.running import get
from tests.integration.traffic import Traffic
from tests.integration.world import World
from tests.integration.yard import Yard
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def yard(apache_world: World, tmp_path: Path) -> Yard:
    return Yard(apache_world, tmp_path)


@contextmanager
def traffic(world: World) -> Iterator[Traffic]:
    """Frames that come until the end, all of which have an outcome by then."""
    coming = Traffic(world)
    try:
        yield coming
    finally:
        coming.end()


def test_a_bundle_that_is_as_good_takes_over_under_load_and_no_frame_is_lost(
    yard: Yard, tmp_path: Path
) -> None:
    candidate = make_candidate(tmp_path / "new")
    with yard.node("one") as node:
        node.ready()
        with traffic(yard.world) as coming:
            done = yard.roll_out(candidate.folder, "--wait")
            assert done.returncode == 0, done.stdout + done.stderr + node.said()
            since = coming.sent
            wait_until(lambda: coming.sent > since + 50, "frames after the switch")
        results = yard.world.results(coming.sent)
        _, page = get(f"{node.url}/metrics")
        assert node.stop() == 0, node.said()
    assert yard.world.audit().status("exactly-once") == CLEAN
    old = open_bundle(yard.world.bundle)
    models = {(it.model.name, it.model.digest) for it in results}
    assert models == {("colours", old.digest), ("as-good", candidate.digest)}
    for partition in range(4):
        digests = [it.model.digest for it in results if it.frame.partition == partition]
        assert digests[0] == old.digest
        assert digests[-1] == candidate.digest
    assert f'digest="{candidate.digest}"' in page
    assert 'yardlight_rollout_state{state="serving"} 1.0' in page
    assert "yardlight_rollout_serving_generation 1.0" in page
    states = [line.split(":")[1].strip() for line in done.stdout.splitlines()[1:]]
    assert states[0] == "fetching"
    assert states[-1] == "serving"


@pytest.mark.parametrize(
    ("kind", "frames", "why"),
    [("shuffled", "40", "in the shadow: "), ("fails-at-work", "0", "at work: the engine failed")],
)
def test_a_worse_bundle_is_taken_back_by_three_nodes_without_a_hand(
    yard: Yard, tmp_path: Path, kind: Kind, frames: str, why: str
) -> None:
    candidate = make_candidate(tmp_path / "worse", kind)
    names = ("one", "two", "three")
    with ExitStack() as stack:
        nodes = [stack.enter_context(yard.node(name)) for name in names]
        for node in nodes:
            node.ready()
        with traffic(yard.world) as coming:
            done = yard.roll_out(candidate.folder, "--wait", "--shadow-frames", frames)
            assert done.returncode == 1, done.stdout + done.stderr
            since = coming.sent
            wait_until(lambda: coming.sent > since + 50, "frames after it was taken back")
        told = yard.said()
        wait_until(lambda: yard.world.audit().pending == 0, "all outcomes")
        assert [node.stop() for node in nodes] == [0, 0, 0]
    old = open_bundle(yard.world.bundle).digest
    assert {name: told[name].state for name in names} == dict.fromkeys(names, "rolled-back")
    assert all(one.reason.startswith(why) and one.serving == old for one in told.values())
    assert yard.world.audit().status("at-least-once") == CLEAN
    assert yard.world.results(1)[-1].model.digest == old
