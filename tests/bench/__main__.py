"""`make bench`: run the benchmarks one after the other; never two at once."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping

from tests.bench.accuracy import measure_accuracy
from tests.bench.latency import measure_latency
from tests.bench.memory import measure_memory
from tests.bench.rig import rig, say
from tests.bench.scraping import measure_scraping
from tests.bench.takeover import measure_takeover
from tests.bench.throughput import measure_throughput

_PARTS = ("accuracy", "scraping", "throughput", "latency", "memory")
_MINUTES = "5"
_ALONE: Mapping[str, Callable[[], None]] = {
    "accuracy": measure_accuracy,
    "scraping": measure_scraping,
    "takeover": measure_takeover,
}
"""Parts that need no stand. Those that are not among `_PARTS` are run where they are named."""


def main() -> None:
    parts = sys.argv[1:] or _PARTS
    minutes = float(os.environ.get("MINUTES", _MINUTES))
    for name in (name for name in _ALONE if name in parts):
        _ALONE[name]()
    if set(parts) <= _ALONE.keys():
        return
    with rig() as stand:
        build = [sys.executable, "-m", "deploy.cli", "build", str(stand.bundle.folder)]
        subprocess.run(build, check=True, capture_output=True)
        rate = measure_throughput(stand) if {"throughput", "latency"} & set(parts) else 0.0
        if "latency" in parts:
            measure_latency(stand, rate / 2)
        if "memory" in parts:
            measure_memory(stand, minutes)
    say("results are in bench-results/")


if __name__ == "__main__":
    main()
