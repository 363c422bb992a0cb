"""A roll-out keeps whatever else was promised: each frame once, decoding in children, workers."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy.bundle.manifest import open_bundle
from edge.audit.tally import Answer
from edge.wire import Classification
from tests.candidates import Kind, make_candidate
from tests.integration.committed import assert_each_has_its_outcome_once
from tests.integration.crewed import all_ready
from tests.integration.test_rollout import traffic
from tests.integration.world import World
from tests.integration.yard import Yard
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
EXACT = ("--delivery", "exactly-once", "--member", "one")
WAYS = {
    "exactly-once": EXACT,
    "isolated": ("--isolate-decode",),
    "exactly-once, isolated": (*EXACT, "--isolate-decode"),
}
"""Words of `run`."""


@pytest.fixture
def yard(apache_world: World, tmp_path: Path) -> Yard:
    return Yard(apache_world, tmp_path)


@pytest.fixture(params=list(WAYS.values()), ids=list(WAYS))
def words(request: pytest.FixtureRequest) -> Sequence[str]:
    found: Sequence[str] = request.param
    return found


def pairs(results: Sequence[Classification]) -> set[tuple[str, str]]:
    """Digests of model and engine, as they stand together in a classification."""
    return {(it.model.digest, it.engine.digest) for it in results}


def test_a_bundle_takes_over_between_two_batches_and_each_frame_has_one_outcome(
    yard: Yard, tmp_path: Path, words: Sequence[str]
) -> None:
    candidate = make_candidate(tmp_path / "new")
    with yard.node("one", *words) as node:
        node.ready()
        with traffic(yard.world) as coming:
            done = yard.roll_out(candidate.folder, "--wait")
            assert done.returncode == 0, done.stdout + done.stderr + node.said()
            since = coming.sent
            wait_until(lambda: coming.sent > since + 50, "frames after the switch")
        wait_until(lambda: yard.world.audit().pending == 0, "all outcomes")
        assert node.stop() == 0, node.said()
    assert_each_has_its_outcome_once(yard.world, coming.sent)
    old = open_bundle(yard.world.bundle)
    results = yard.world.results(coming.sent)
    # Whatever made a classification, its model and its engine are those of the same bundle.
    assert len(pairs(results)) == 2
    assert {digest for digest, _ in pairs(results)} == {old.digest, candidate.digest}
    for partition in range(4):
        digests = [it.model.digest for it in results if it.frame.partition == partition]
        assert (digests[0], digests[-1]) == (old.digest, candidate.digest)


@pytest.mark.parametrize(
    ("kind", "frames", "why"),
    [("shuffled", "40", "in the shadow: "), ("fails-at-work", "0", "at work: the engine failed")],
)
def test_a_worse_bundle_is_taken_back_and_each_frame_has_one_outcome(
    yard: Yard, tmp_path: Path, words: Sequence[str], kind: Kind, frames: str, why: str
) -> None:
    candidate = make_candidate(tmp_path / "worse", kind)
    with yard.node("one", *words) as node:
        node.ready()
        with traffic(yard.world) as coming:
            done = yard.roll_out(candidate.folder, "--wait", "--shadow-frames", frames)
            assert done.returncode == 1, done.stdout + done.stderr
            since = coming.sent
            wait_until(lambda: coming.sent > since + 50, "frames after it was taken back")
        told = yard.said()["one"]
        wait_until(lambda: yard.world.audit().pending == 0, "all outcomes")
        assert node.stop() == 0, node.said()
    old = open_bundle(yard.world.bundle).digest
    assert (told.state, told.serving) == ("rolled-back", old)
    assert told.reason.startswith(why)
    assert_each_has_its_outcome_once(yard.world, coming.sent)
    # All that lies there, records of aborted transactions too.
    results = yard.world.results(coming.sent - yard.world.audit().total(Answer.DEAD_LETTERED))
    if kind == "shuffled":
        assert {it.model.digest for it in results} == {old}
    for partition in range(4):
        assert [it for it in results if it.frame.partition == partition][-1].model.digest == old


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_each_of_several_workers_is_a_node_and_all_come_to_serve_it(
    yard: Yard, tmp_path: Path, delivery: str
) -> None:
    candidate = make_candidate(tmp_path / "new")
    names = ("one-worker-1", "one-worker-2")
    with yard.node("one", "--workers", "2", "--delivery", delivery) as node:
        all_ready(node)
        owned = "yardlight_partitions_assigned"
        wait_until(lambda: node.metric(owned) == 4, "all partitions")
        with traffic(yard.world) as coming:
            done = yard.roll_out(candidate.folder, "--wait")
            assert done.returncode == 0, done.stdout + done.stderr + node.said()
            since = coming.sent
            wait_until(lambda: coming.sent > since + 50, "frames after the switch")
        told = yard.said()
        serving = 'yardlight_rollout_state{state="serving"}'
        wait_until(lambda: node.metric(serving) == 2, "both on the page")
        wait_until(lambda: yard.world.audit().pending == 0, "all outcomes")
        assert node.stop() == 0, node.said()
    assert {name: (told[name].state, told[name].serving) for name in names} == dict.fromkeys(
        names, ("serving", candidate.digest)
    )
    assert_each_has_its_outcome_once(yard.world, coming.sent)
    results = yard.world.results(coming.sent)
    for partition in range(4):
        digests = [it.model.digest for it in results if it.frame.partition == partition]
        assert digests[-1] == candidate.digest
    # Both have one cache, in which the bundle lies once.
    assert len([it for it in (yard.cache("one") / "yard").iterdir() if it.is_dir()]) == 1
