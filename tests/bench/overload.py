"""Three times the frames that an engine runs, for minutes: how old results are, and whose they are.

The engine pauses for each frame as long as on any other machine, so the figure is the policy's and
not the processor's.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from edge.audit.report import AuditReport
from edge.audit.tally import Answer
from edge.process import TiedProcess
from tests.bench.rig import save, say, say_load
from tests.bench.waits import APPEND_TIME, Wait, waits
from tests.brokers.apache import ApacheKafka
from tests.integration.overload import RATES, Traffic, traffic
from tests.integration.running import options
from tests.integration.world import World, world_on
from tests.models import make_tiny_bundle
from tests.waiting import wait_until

MAX_AGE = 2.0
_QUEUE_FRAMES = 96
_WARM = 0.2
"""The part of the run that is left out: the service starts, with a backlog before it."""
_WINDOW = 15
"""Seconds, or samples, of which the median counts."""


@dataclass(frozen=True, slots=True)
class _Run:
    waits: Sequence[Wait]
    sizes: Sequence[int]
    """Bytes of memory of the service, second by second."""
    report: AuditReport


def measure_overload(minutes: float) -> None:
    """Print and save ages, shares, memory and the audit of that many minutes."""
    say_load()
    run = _overloaded(60 * minutes)
    steady = _steady(run.waits, 60 * minutes)
    ages = np.percentile([it.served - it.appended for it in steady], [50, 99, 100])
    shares = _shares(steady)
    growth = _growth(run.sizes)
    classified, skipped = (run.report.total(it) for it in (Answer.CLASSIFIED, Answer.SKIPPED))
    say(f"overload for {minutes:g} minutes: {classified} classified, {skipped} skipped")
    say(
        f"age of results  p50 {ages[0]:.2f}   p99 {ages[1]:.2f}   at most {ages[2]:.2f} s   "
        f"(aim: p99 of {MAX_AGE:g} or less)"
    )
    least, most = min(shares), max(shares)
    say(f"shares of {len(shares)} cameras  {least:.2f} to {most:.2f} of fair   (aim: 0.9 to 1.1)")
    say(f"memory growth {growth:+.2%}   (aim: below 2 %)")
    say(f"audit: exit status {run.report.status('exactly-once')}   (aim: 0)")
    figures = {"ages": ages.tolist(), "shares": shares, "growth": growth, "minutes": minutes}
    save("overload", figures | {"audit": run.report.status("exactly-once")})


def _overloaded(seconds: float) -> _Run:
    with tempfile.TemporaryDirectory(prefix="yardlight-overload-") as name, ApacheKafka() as broker:
        folder = Path(name)
        bundle = make_tiny_bundle(folder / "bundle").folder
        world = world_on(broker, bundle, folder / "engines")
        for topic in (world.topics.frames_topic, world.topics.results_topic):
            world.configure(topic, APPEND_TIME)
        sizes = _served(world, folder, seconds)
        return _Run(waits(broker.address, world.topics), sizes, world.audit())


def _served(world: World, folder: Path, seconds: float) -> Sequence[int]:
    policy = ["--overload", "shed", "--max-age", f"{MAX_AGE:g}", "--queue-frames"]
    command = [*options(world, *policy, str(_QUEUE_FRAMES))]
    program = [sys.executable, "-m", "tests.bench.slow_member"]
    process = TiedProcess("overloaded service", [*program, *command], folder / "service.log")
    process.start()
    try:
        with traffic(world) as cameras:
            sizes = _watched(process.resident_bytes, cameras, seconds)
        wait_until(lambda: world.audit().pending == 0, "the end of the backlog")
    finally:
        process.stop()
    return sizes


def _watched(size: Callable[[], int], cameras: Traffic, seconds: float) -> Sequence[int]:
    """Bytes, each second, from the first frames on."""
    wait_until(lambda: cameras.total > 0, "the first frames")
    sizes = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(1.0)
        sizes.append(size())
    return sizes


def _steady(found: Sequence[Wait], seconds: float) -> Sequence[Wait]:
    begin = min(it.appended for it in found) + _WARM * seconds
    return [it for it in found if it.appended >= begin]


def _shares(found: Sequence[Wait]) -> list[float]:
    """What each camera was served, as a multiple of the fair share: all want more than that."""
    served = Counter(it.camera for it in found)
    fair = len(found) / len(RATES)
    return [served[camera] / fair for camera in RATES]


def _growth(sizes: Sequence[int]) -> float:
    first = int(len(sizes) * _WARM)
    early, late = sizes[first : first + _WINDOW], sizes[-_WINDOW:]
    return median(late) / median(early) - 1
