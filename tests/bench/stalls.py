"""Who stood still: bare programs that do next to nothing, and note whenever that took long.

A stall of the service that none of them saw is the service's own. `python -m tests.bench.stalls`
is one of those programs; `Stalls` starts them all.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TypeAlias

from edge.kafka.producer import RecordSink
from edge.process import TiedProcess
from edge.record import Message
from edge.settings.kafka import KafkaSettings
from edge.signals import stop_on_signals
from tests.bench.rig import Rig, say

TOPIC = "heartbeats"
Window: TypeAlias = tuple[float, float]
_TICK = {"machine": 0.01, "processor": 0.5, "disk": 0.1, "broker": 0.05}
_SAYS = {
    "machine": "a program that only sleeps woke up late",
    "processor": "a program that computes for 20 ms took",
    "disk": "4 kB were on the disk of the broker's log",
    "broker": "a small record was acknowledged",
}
_COMPUTE_SECONDS = 0.02
_LITTLE = 1 / 3
_BLOCK = bytes(4096)
_PAUSE = re.compile(r"\[(\d+)ms\].*Total: +(\d+) ns")
_PRESSURE = Path("/proc/pressure")


@dataclass(slots=True)
class Stalls:
    """What each of the programs had noted: when something began, and how long it took."""

    folder: Path
    pauses: Path
    """Of the broker's Java, as it writes them."""
    noted: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def longest(self, name: str, window: Window) -> float:
        """Seconds of the longest that touches a time, in Unix seconds; 0 if there was none."""
        start, end = window
        touching = [took for at, took in self.noted[name] if at + took > start and at < end]
        return max(touching, default=0.0)

    def read(self) -> None:
        """What was noted, once the programs have ended."""
        for name in _TICK:
            lines = (self.folder / name).read_text(encoding="ascii").splitlines()
            pairs = (line.split() for line in lines)
            self.noted[name] = [(float(at), float(took)) for at, took in pairs]
        found = _PAUSE.findall(self.pauses.read_text(encoding="utf-8"))
        self.noted["java"] = [
            (int(ended) / 1000 - int(took) / 1e9, int(took) / 1e9) for ended, took in found
        ]

    def explains(self, window: Window) -> bool:
        """Whether something else stood still for at least half of that time, or whoever computed
        had less than a third of a core.
        """
        half = (window[1] - window[0]) / 2
        still = any(self.longest(name, window) >= half for name in self.noted)
        return still or self.share(window) < _LITTLE

    def share(self, window: Window) -> float:
        """How much of a core a program got that asked for it; 1 where none did in that time."""
        start, end = window
        took = [took for at, took in self.noted["processor"] if at + took > start and at < end]
        return min(1.0, _COMPUTE_SECONDS * len(took) / sum(took)) if took else 1.0

    def report(self, windows: Mapping[str, Window]) -> dict[str, dict[str, float]]:
        """Print and return the longest of each in each of the windows, in seconds."""
        says = {**_SAYS, "java": "the broker's Java stood still"}
        told = {
            name: {at: self.longest(name, window) for at, window in windows.items()}
            for name in self.noted
        }
        say("longest, ms    " + "".join(f"{at:>9}" for at in windows))
        for name, longest in told.items():
            values = "".join(f"{1000 * seconds:9.0f}" for seconds in longest.values())
            say(f"  {name:<13}{values}   {says[name]}")
        shares = "".join(f"{self.share(window):9.0%}" for window in windows.values())
        say(f"share of core  {shares}   that a program got which asked for it")
        return told


@contextmanager
def stalls_noted(rig: Rig) -> Iterator[Stalls]:
    """Within `with` all of it is noted; it can be read afterwards."""
    rig.create_topic(TOPIC)
    folder = rig.folder / "stalls"
    folder.mkdir()
    stalls = Stalls(folder, rig.broker.pauses)
    where = {
        "machine": "",
        "processor": "",
        "disk": str(rig.broker.data),
        "broker": rig.kafka.bootstrap_servers,
    }
    before = _pressures()
    say(f"the broker's log lies on {_file_system(rig.broker.data)}; TMPDIR=/dev/shm: in memory")
    with ExitStack() as stack:
        for name, place in where.items():
            words = [sys.executable, "-m", "tests.bench.stalls", name, str(folder / name), place]
            program = TiedProcess(name, words, folder / f"{name}.log")
            program.start()
            stack.callback(program.stop, 20.0)
        yield stalls
    stalls.read()
    for name, share in _shares(before, _pressures()).items():
        say(f"somebody waited for {name} {share:.0%} of the time")


def main() -> None:
    name, out, place = sys.argv[1:]
    over = stop_on_signals()
    with _act(name, place) as act:
        noted = list(_notes(act, _TICK[name], over))
    Path(out).write_text("".join(f"{at:.6f} {took:.6f}\n" for at, took in noted), encoding="ascii")


def _notes(act: Callable[[], None], tick: float, over: Event) -> Iterator[tuple[float, float]]:
    while True:
        slept = time.monotonic()
        if over.wait(tick):
            return
        at, began = time.time(), time.monotonic()
        act()
        late = began - slept - tick
        took = late + time.monotonic() - began
        yield at - late, took


@contextmanager
def _act(name: str, place: str) -> Iterator[Callable[[], None]]:
    """What is done at each tick."""
    if name == "machine":
        yield lambda: None
    elif name == "processor":
        yield _compute
    elif name == "disk":
        with _disk(Path(place)) as act:
            yield act
    else:
        sink = RecordSink(KafkaSettings(bootstrap_servers=place), "bench-heartbeat")
        sink.open()
        yield lambda: _append(sink)
        sink.close()


def _compute() -> None:
    until = time.process_time() + _COMPUTE_SECONDS
    while time.process_time() < until:
        pass


def _append(sink: RecordSink) -> None:
    sink.append(Message(TOPIC, b"heart", b"beat"))


@contextmanager
def _disk(folder: Path) -> Iterator[Callable[[], None]]:
    place = folder.parent / "heartbeat"
    with place.open("wb", buffering=0) as file:

        def write() -> None:
            file.seek(0)
            file.write(_BLOCK)
            os.fsync(file.fileno())

        yield write


def _pressures() -> dict[str, tuple[float, float]]:
    """Seconds for which some task waited, of which resource; and when that was so."""
    found = {}
    for name in ("cpu", "io", "memory"):
        place = _PRESSURE / name
        if place.is_file():
            total = place.read_text(encoding="ascii").splitlines()[0].rpartition("=")[2]
            found[name] = int(total) / 1e6, time.monotonic()
    return found


def _shares(
    before: Mapping[str, tuple[float, float]], after: Mapping[str, tuple[float, float]]
) -> dict[str, float]:
    return {
        name: (after[name][0] - waited) / (after[name][1] - at)
        for name, (waited, at) in before.items()
    }


def _file_system(place: Path) -> str:
    """What kind of file system a folder lies on, and what it is."""
    mounts = Path("/proc/mounts")
    if not mounts.is_file():
        return str(place)
    lines = [line.split() for line in mounts.read_text(encoding="utf-8").splitlines()]
    holding = [it for it in lines if place.resolve().is_relative_to(it[1])]
    device, _, kind, *_ = max(holding, key=lambda it: len(it[1]))
    return f"{kind} ({device})"


if __name__ == "__main__":
    main()
