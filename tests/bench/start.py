"""From the command to the first `ready`, with an engine in the cache and a broker that is up.

Seconds on the clock are what an operator waits; those of the processor are what the start itself
costs, and hold on a machine that others work on too.
"""

import os
import resource
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from deploy.bundle.start import own_program
from edge.demo import BUNDLE
from edge.kafka.embedded import EmbeddedBroker, free_port
from tests.bench.rig import save, say

_ROUNDS = 5
_KINDS = ("openvino", "onnxruntime")
_PATIENCE, _PAUSE = 300.0, 0.01


@dataclass(frozen=True, slots=True)
class Start:
    """One start, in seconds."""

    ready: float
    """Until `/health/ready` says yes."""
    processor: float
    """Of the process and its threads, from its start to its end in order."""


def measure_start() -> None:
    """Print and save how long `run` takes to be ready, engine by engine, in turn."""
    found: dict[str, list[Start]] = {kind: [] for kind in _KINDS}
    with tempfile.TemporaryDirectory(prefix="yardlight-start-") as name, EmbeddedBroker() as broker:
        folder = Path(name)
        for kind in _KINDS:  # the first builds the engine
            _start(kind, broker.address, folder)
        for _ in range(_ROUNDS):
            for kind in _KINDS:
                found[kind].append(_start(kind, broker.address, folder))
    for kind, starts in found.items():
        ready = [start.ready for start in starts]
        processor = median(start.processor for start in starts)
        spread = f"{min(ready):.2f} to {max(ready):.2f}"
        say(f"{kind:<12} ready after {median(ready):.2f} s ({spread}); {processor:.2f} s of a core")
    load = os.getloadavg()[0]
    say(f"load of the machine {load:.1f} on {os.cpu_count()} cores   (aim: ready in less than 2 s)")
    document = {kind: [[it.ready, it.processor] for it in starts] for kind, starts in found.items()}
    save("start", {"starts": document, "load": load})


def _start(kind: str, server: str, folder: Path) -> Start:
    port, before = free_port(None), _processor()
    command = [
        *(*own_program("edge.cli"), "run", "--bundle", str(BUNDLE), "--engine", kind),
        *("--bootstrap-servers", server, "--create-topics", "--group", f"start-{port}"),
        *("--engine-cache", str(folder / "engines"), "--engine-rebuild", "wait"),
        *("--metrics-port", str(port), "--log-format", "json"),
    ]
    begun = time.perf_counter()
    with (folder / f"{kind}.log").open("w") as log:
        process = subprocess.Popen(command, stderr=log, stdout=subprocess.DEVNULL)
    try:
        ready = _until_ready(process, port, begun)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_PATIENCE)
    return Start(ready, _processor() - before)


def _until_ready(process: "subprocess.Popen[bytes]", port: int, begun: float) -> float:
    while time.perf_counter() - begun < _PATIENCE:
        if process.poll() is not None:
            raise SystemExit(f"the service ended with {process.returncode} before it was ready")
        if _is_ready(port):
            return time.perf_counter() - begun
        time.sleep(_PAUSE)
    raise SystemExit(f"the service was not ready after {_PATIENCE:g} s")


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=1):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _processor() -> float:
    """Seconds that children which have ended took of processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
