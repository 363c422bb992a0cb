"""From the command to the first `ready`, with an engine in the cache and a broker that is up.

Seconds on the clock are what an operator waits; those of the processor are what the start itself
costs, and hold on a machine that others work on too. The broker is Apache Kafka with
`group.initial.rebalance.delay.ms=0`: what a broker lets the first member of a group wait (3 s by
default there, half a session timeout in the embedded one) is no part of the start.
"""

import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from deploy.bundle.start import own_program
from edge.demo import BUNDLE
from edge.kafka.embedded import free_port
from tests.bench.rig import save, say, say_load
from tests.brokers.apache import ApacheKafka
from tests.phases import phases_until_ready

_ROUNDS = 5
_KINDS = ("openvino", "onnxruntime")
_STOP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Start:
    """One start, in seconds."""

    phases: Mapping[str, float]
    """What it said it was doing, and for how long, until `/health/ready` says yes."""
    processor: float
    """Of the process and its threads, from its start to its end in order."""

    @property
    def ready(self) -> float:
        return sum(self.phases.values())


def measure_start() -> None:
    """Print and save how long `run` takes to be ready, engine by engine, in turn."""
    say_load()
    found: dict[str, list[Start]] = {kind: [] for kind in _KINDS}
    with tempfile.TemporaryDirectory(prefix="yardlight-start-") as name, ApacheKafka() as broker:
        folder = Path(name)
        for kind in _KINDS:  # the first builds the engine
            _start(kind, broker.address, folder)
        for _ in range(_ROUNDS):
            for kind in _KINDS:
                found[kind].append(_start(kind, broker.address, folder))
    for kind, starts in found.items():
        _report(kind, starts)
    document = {
        kind: [{"phases": it.phases, "processor": it.processor} for it in starts]
        for kind, starts in found.items()
    }
    save("start", {"starts": document})


def _report(kind: str, starts: Sequence[Start]) -> None:
    ready = [start.ready for start in starts]
    processor = median(start.processor for start in starts)
    spread = f"{min(ready):.2f} to {max(ready):.2f}; aim: less than 2"
    say(f"{kind:<12} ready after {median(ready):.2f} s ({spread}); {processor:.2f} s of a core")
    for phase in dict.fromkeys(name for start in starts for name in start.phases):
        say(f"    {median(start.phases.get(phase, 0.0) for start in starts):.2f} s {phase}")


def _start(kind: str, server: str, folder: Path) -> Start:
    port, before = free_port(), _processor()
    command = [
        *(*own_program("edge.cli"), "run", "--bundle", str(BUNDLE), "--engine", kind),
        *("--bootstrap-servers", server, "--create-topics", "--group", f"start-{port}"),
        *("--engine-cache", str(folder / "engines"), "--engine-rebuild", "wait"),
        *("--metrics-port", str(port), "--log-format", "json"),
    ]
    begun = time.monotonic()
    with (folder / f"{kind}.log").open("w") as log:
        process = subprocess.Popen(command, stderr=log, stdout=subprocess.DEVNULL)
    try:
        phases = phases_until_ready(port, process.poll, begun)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_STOP_SECONDS)
    return Start(phases, _processor() - before)


def _processor() -> float:
    """Seconds that children which have ended took of processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
