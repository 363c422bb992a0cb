"""Nodes of a slot in a world, and what is ordered and heard of them."""

import json
import subprocess
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.bundle.manifest import MANIFEST, digest_of
from edge.kafka.reader import TopicReader
from edge.rollout.ordering import Next, Ordering
from edge.rollout.waiting import statuses
from edge.rollout.words import ORDER_SCHEMA, Bounds, Desired, NodeStatus, ShadowPlan
from tests.integration.running import Command, ended, member
from tests.integration.world import World
from tests.waiting import wait_until

SLOT = "yard"
QUICK = {"--shadow-frames": "40", "--shadow-share": "1", "--max-latency-ratio": "100"}
"""A trial of a second or two. What a batch takes on a machine that is shared says nothing."""


@dataclass(frozen=True, slots=True)
class Yard:
    world: World
    folder: Path
    """For caches and logs."""

    def node(self, name: str, *more: str, called: str = "") -> AbstractContextManager[Command]:
        """A service that takes part in roll-outs, with a cache of its own; it may be called as
        another is.
        """
        called = called or name
        words = ("--slot", SLOT, "--node", called, "--bundles-cache", str(self.cache(name)))
        return member(self.world, self.folder / f"{name}.log", *words, *more)

    def cache(self, name: str) -> Path:
        return self.folder / f"{name}.bundles"

    def roll_out(self, bundle: Path | str, *more: str) -> "subprocess.CompletedProcess[str]":
        quick = [word for name, it in QUICK.items() if name not in more for word in (name, it)]
        return ended(self.world, "rollout", "--slot", SLOT, "--bundle", str(bundle), *quick, *more)

    def ordered(self, bundle: Path, digest: str = "") -> int:
        """Write a roll-out, as the command does; its generation."""
        return self.ordered_from(str(bundle), digest or digest_of((bundle / MANIFEST).read_bytes()))

    def ordered_from(self, uri: str, digest: str) -> int:
        return self.order(lambda newest: self.after(newest, uri, digest)).generation

    def order(self, following: Next) -> Desired:
        return Ordering(self.world.kafka, self.world.topics.models_topic, SLOT).order(following)

    def after(self, newest: Desired | None, uri: str, digest: str) -> Desired:
        return Desired(
            schema=ORDER_SCHEMA,
            slot=SLOT,
            uri=uri,
            digest=digest,
            generation=1 if newest is None else newest.generation + 1,
            issued_at="2026-11-27T22:00:00Z",
            shadow=ShadowPlan(40, 1.0),
            bounds=Bounds(latency_ratio=100.0),
            previous=None if newest is None else newest.place,
        )

    def status(self) -> Any:
        done = ended(self.world, "rollout", "status", "--slot", SLOT, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def said(self) -> dict[str, NodeStatus]:
        """The newest word of each node."""
        with TopicReader(self.world.kafka) as reader:
            told = statuses(reader.read_all(self.world.topics.models_status_topic), SLOT)
        return {one.node: one for one in told}

    def wait(self, generation: int, state: str, nodes: Sequence[str] = ("one",)) -> NodeStatus:
        """Until each of the nodes is there; what the first says then."""
        found: dict[str, NodeStatus] = {}

        def there() -> bool:
            found.update(self.said())
            states = [(found[it].generation, found[it].state) for it in nodes if it in found]
            return states == [(generation, state)] * len(nodes)

        wait_until_or_say(there, f"{state} of generation {generation}", lambda: str(found))
        return found[nodes[0]]


def wait_until_or_say(happened: Callable[[], bool], what: str, say: Callable[[], str]) -> None:
    """As `wait_until`, with what was found where it did not happen."""
    try:
        wait_until(happened, what)
    except AssertionError as error:
        raise AssertionError(f"{error}: {say()}") from error
