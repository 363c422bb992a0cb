"""An auditor that keeps recounting beside a service."""

from contextlib import AbstractContextManager
from pathlib import Path

from tests.integration.running import Command, addresses, command
from tests.integration.world import World


def auditor(world: World, log: Path) -> AbstractContextManager[Command]:
    """`yardlight-edge audit --every 1` in that world, for `with`."""
    words = ("audit", "--group", world.group, "--every", "1")
    served = ("--audit-host", "127.0.0.1", "--audit-port", "0")
    topics = ("--results-topic", world.topics.results_topic, *addresses(world))
    return command(log, "edge.cli", *words, *served, *topics)
