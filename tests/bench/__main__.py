"""`make bench`: run the benchmarks one after the other; never two at once."""

import os
import subprocess
import sys

from tests.bench.accuracy import measure_accuracy
from tests.bench.latency import measure_latency
from tests.bench.memory import measure_memory
from tests.bench.rig import rig, say
from tests.bench.scraping import measure_scraping
from tests.bench.throughput import measure_throughput
from tests.bench.training import measure_training

_PARTS = ("accuracy", "training", "scraping", "throughput", "latency", "memory")


def main() -> None:
    parts = sys.argv[1:] or _PARTS
    minutes = float(os.environ.get("MINUTES", "5"))
    if "accuracy" in parts:
        measure_accuracy()
    if "training" in parts:
        measure_training()
    if "scraping" in parts:
        measure_scraping()
    if set(parts) <= {"accuracy", "training", "scraping"}:
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
