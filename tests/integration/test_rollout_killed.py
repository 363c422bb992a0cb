"""A node may end in the midst of a roll-out, whatever it is at, and no frame has two outcomes."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from deploy.bundle.manifest import MODEL, Bundle, open_bundle
from edge.rollout.words import Desired, ShadowPlan, State
from tests.candidates import make_candidate
from tests.integration.committed import assert_each_has_its_outcome_once
from tests.integration.crewed import all_ready, kill
from tests.integration.running import Command
from tests.integration.test_rollout import traffic
from tests.integration.world import World
from tests.integration.yard import Yard
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
STARTS = 'yardlight_worker_starts_total{worker="2"}'
FOR_EVER = 10**6
"""Frames of a shadow that comes to no end here."""


@pytest.fixture
def yard(apache_world: World, tmp_path: Path) -> Yard:
    return Yard(apache_world, tmp_path)


def never_ending(bundle: Bundle) -> Callable[[], None]:
    """Whoever reads its network waits; what has it end."""
    aside = bundle.model.with_name("aside")
    bundle.model.rename(aside)
    os.mkfifo(bundle.model)

    def mend() -> None:
        bundle.model.unlink()
        aside.rename(bundle.model)

    return mend


def order(yard: Yard, bundle: Bundle, frames: int) -> int:
    """Roll it out with a shadow of so many frames; its generation."""

    def following(newest: Desired | None) -> Desired:
        plain = yard.after(newest, str(bundle.folder), bundle.digest)
        return msgspec.structs.replace(plain, shadow=ShadowPlan(frames, 1.0))

    return yard.order(following).generation


def is_at(node: Command, state: State) -> bool:
    return any(line.get("state") == state for line in node.lines())


@pytest.mark.parametrize(
    ("state", "frames"),
    [("fetching", 40), ("building", 40), ("shadowing", FOR_EVER), ("watching", 0)],
)
def test_a_node_that_is_killed_in_the_midst_of_it_serves_it_after_its_next_start(
    yard: Yard, tmp_path: Path, state: State, frames: int
) -> None:
    words = ("--delivery", "exactly-once", "--member", "one")
    new = make_candidate(tmp_path / "new")
    mend = never_ending(new) if state == "fetching" else lambda: None
    with traffic(yard.world) as coming:
        with yard.node("one", *words) as node:
            node.ready()
            order(yard, new, frames)
            wait_until(lambda: is_at(node, state), state)
            node.stop(signal.SIGKILL)
        mend()
        with yard.node("one", *words) as node:
            node.ready()
            if frames == FOR_EVER:
                yard.wait(1, "shadowing")
                order(yard, new, 40)
            told = yard.wait(2 if frames == FOR_EVER else 1, "serving")
            assert told.serving == new.digest
            since = coming.sent
            wait_until(lambda: coming.sent > since + 50, "frames after the switch")
            coming.end()
            wait_until(lambda: yard.world.audit().pending == 0, "all outcomes")
            assert node.stop() == 0, node.said()
    assert_each_has_its_outcome_once(yard.world, coming.sent)


def test_a_worker_that_is_killed_in_the_midst_of_it_comes_to_serve_as_the_others_do(
    yard: Yard, tmp_path: Path
) -> None:
    new = make_candidate(tmp_path / "new")
    names = ("one-worker-1", "one-worker-2")
    words = ("--workers", "2", "--delivery", "exactly-once")
    with traffic(yard.world) as coming, yard.node("one", *words) as node:
        all_ready(node)
        yard.wait(order(yard, new, FOR_EVER), "shadowing", names)
        kill(node, 2)
        wait_until(lambda: node.metric(STARTS) == 2, "another worker 2")
        all_ready(node)
        yard.wait(order(yard, new, 40), "serving", names)
        coming.end()
        wait_until(lambda: yard.world.audit().pending == 0, "all outcomes")
        assert node.stop() == 0, node.said()
    assert_each_has_its_outcome_once(yard.world, coming.sent)


def test_a_candidate_at_work_makes_way_for_what_is_ordered_meanwhile(
    yard: Yard, tmp_path: Path
) -> None:
    first, second = make_candidate(tmp_path / "a"), make_candidate(tmp_path / "b", version="3")
    with yard.node("one", "--delivery", "exactly-once", "--member", "one") as node:
        node.ready()
        # Nothing comes, so it is watched until it is overtaken.
        yard.wait(order(yard, first, 0), "watching")
        newest = order(yard, second, 40)
        yard.wait(newest, "shadowing")
        with traffic(yard.world) as coming:
            assert yard.wait(newest, "serving").serving == second.digest
        wait_until(lambda: yard.world.audit().pending == 0, "all outcomes")
        assert node.stop() == 0, node.said()
    assert_each_has_its_outcome_once(yard.world, coming.sent)
    seen = {it.model.digest for it in yard.world.results(coming.sent)}
    assert seen == {open_bundle(yard.world.bundle).digest, second.digest}


def test_a_stop_waits_for_no_server_and_every_frame_is_finished(yard: Yard, tmp_path: Path) -> None:
    """Under at-least-once, where frames that are not finished in time come again."""
    new = make_candidate(tmp_path / "new")
    never_ending(new)
    with traffic(yard.world) as coming, yard.node("one", "--drain-seconds", "10") as node:
        node.ready()
        order(yard, new, 40)
        draft = yard.cache("one") / "yard" / f".{new.digest[7:23]}.draft"
        wait_until((draft / MODEL).exists, "the network on its way")
        since = coming.sent
        wait_until(lambda: coming.sent > since + 50, "frames meanwhile")
        assert node.stop() == 0, node.said()
    assert not node.has_said("not finished in time")
    with yard.node("one") as node:
        node.ready()
        wait_until(lambda: yard.world.audit().pending == 0, "all outcomes")
        assert node.stop() == 0, node.said()
    assert_each_has_its_outcome_once(yard.world, coming.sent)


def test_a_bundle_that_lies_there_is_served_though_its_source_and_the_draft_are_gone(
    yard: Yard, tmp_path: Path
) -> None:
    new = make_candidate(tmp_path / "new")
    with yard.node("one") as node, traffic(yard.world):
        yard.wait(order(yard, new, 40), "serving")
        shutil.rmtree(new.folder)
        again = order(yard, new, 40)
        assert yard.wait(again, "serving").serving == new.digest
        assert node.stop() == 0, node.said()
