"""`make bench`: run the benchmarks one after the other; never two at once."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping

from tests.bench.accuracy import measure_accuracy
from tests.bench.audit import measure_audit
from tests.bench.check import measure_check
from tests.bench.copies import measure_copies
from tests.bench.flips import measure_flips
from tests.bench.latency import measure_latency
from tests.bench.memory import measure_memory
from tests.bench.overload import measure_overload
from tests.bench.rig import Rig, rig, say
from tests.bench.rollout import measure_rollout
from tests.bench.scraping import measure_scraping
from tests.bench.several import measure_several
from tests.bench.shift import measure_shift
from tests.bench.start import measure_start
from tests.bench.takeover import measure_takeover
from tests.bench.teaching import measure_teaching
from tests.bench.throughput import measure_throughput, rate_of_one_round
from tests.bench.training import measure_training
from tests.bench.workers import measure_workers

_PARTS = (
    *("accuracy", "copies", "training", "start", "scraping"),
    *("throughput", "latency", "workers", "rollout", "memory"),
)
_ALONE: Mapping[str, Callable[[], None]] = {
    "accuracy": measure_accuracy,
    "copies": measure_copies,
    "flips": lambda: measure_flips(range(int(os.environ.get("SEEDS") or "3"))),
    "check": lambda: measure_check(int(os.environ.get("PHOTOS") or "10000")),
    "training": measure_training,
    "start": measure_start,
    "scraping": measure_scraping,
    "several": measure_several,
    "shift": measure_shift,
    "takeover": measure_takeover,
    "teaching": measure_teaching,
    "overload": lambda: measure_overload(_minutes()),
    "audit": measure_audit,
}
"""Parts that need no stand. Those that are not among `_PARTS` are run where they are named."""


def _minutes() -> float:
    return float(os.environ.get("MINUTES", "5"))


def main() -> None:
    # As Ctrl-C: gigabytes of photos and running brokers must not stay behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parts = sys.argv[1:] or _PARTS
    for name in (name for name in _ALONE if name in parts):
        _ALONE[name]()
    if set(parts) <= _ALONE.keys():
        return
    with rig() as stand:
        build = [sys.executable, "-m", "deploy.cli", "build", str(stand.bundle.folder)]
        subprocess.run(build, check=True, capture_output=True)
        _measure(stand, set(parts))
    say("results are in bench-results/")


def _measure(stand: Rig, parts: set[str]) -> None:
    rate = _rate(stand, parts)
    if "latency" in parts:
        measure_latency(stand, rate / 2)
    if "workers" in parts:
        measure_workers(stand)
    if "rollout" in parts:
        measure_rollout(stand, rate / 2)
    if "memory" in parts:
        measure_memory(stand, _minutes())


def _rate(stand: Rig, parts: set[str]) -> float:
    """Frames a second that the service can do, where a part needs to know."""
    if parts & {"throughput", "latency"}:
        return measure_throughput(stand)
    return rate_of_one_round(stand) if "rollout" in parts else 0.0


if __name__ == "__main__":
    main()
