"""A service of several workers, seen from outside."""

import os
import signal
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from tests.integration.running import Command, get, member
from tests.integration.world import World
from tests.waiting import wait_until


def crewed(
    world: World, log: Path, *more: str, workers: int = 2
) -> AbstractContextManager[Command]:
    """`yardlight-edge run --workers N` in that world, for `with`."""
    return member(world, log, "--workers", str(workers), *more)


def all_ready(running: Command) -> None:
    """Return once every worker takes frames."""
    wait_until(lambda: get(f"{running.url}/health/ready") == (200, "running\n"), "all workers")


def process_of(running: Command, worker: int) -> int:
    """Process id of the worker that has this number now."""
    started = [line for line in running.lines() if line["event"] == "worker started"]
    return [int(line["pid"]) for line in started if line["worker"] == worker][-1]


def processes(running: Command) -> list[int]:
    """Process ids of all that were ever started."""
    return [line["pid"] for line in running.lines() if line["event"] == "worker started"]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"


def kill(running: Command, worker: int, number: signal.Signals = signal.SIGKILL) -> None:
    os.kill(process_of(running, worker), number)


def counters(running: Command) -> Mapping[str, float]:
    """Every line of the page that may only grow."""
    status, page = get(f"{running.url}/metrics")
    assert status == 200
    lines = [line.rpartition(" ") for line in page.splitlines() if not line.startswith("#")]
    grows = ("_total", "_bucket", "_sum", "_count")
    return {
        name: float(value) for name, _, value in lines if name.partition("{")[0].endswith(grows)
    }
