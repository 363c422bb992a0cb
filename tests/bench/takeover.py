"""How long frames wait when a member is killed, is stopped, or all are restarted in turn."""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import get_args

from edge.demo import BUNDLE
from edge.settings.delivery import Delivery
from tests.bench.rig import save, say, say_load
from tests.bench.waits import APPEND_TIME, longest, waits
from tests.brokers.apache import ApacheKafka
from tests.faults.fleet import Fleet
from tests.faults.recount import recount
from tests.faults.yard import Progress
from tests.integration.traffic import Traffic
from tests.integration.world import World, world_on

_MEMBERS = 3
_ROUNDS = 5
_MARGIN = 2.0


@dataclass(frozen=True, slots=True)
class _Event:
    what: str
    begin: float
    """Unix seconds, as `end`, at which every partition was served again."""
    end: float


@dataclass(frozen=True, slots=True)
class _Stand:
    """Members under load, and what is done to them."""

    world: World
    fleet: Fleet

    def rounds(self, count: int) -> list[_Event]:
        acts = {"killed": self._kill, "stopped": self._stop, "rolled": self._roll}
        self._whole()
        return [
            self._noted(what, act, number % _MEMBERS)
            for number in range(count)
            for what, act in acts.items()
        ]

    def _noted(self, what: str, act: Callable[[int], None], number: int) -> _Event:
        begin = time.time()
        act(number)
        Progress(self.world).everywhere()
        event = _Event(what, begin, time.time())
        self._whole()
        return event

    def _kill(self, number: int) -> None:
        self.fleet.kill(number)

    def _stop(self, number: int) -> None:
        self.fleet.stop(number)

    def _roll(self, first: int) -> None:
        for number in range(first, first + _MEMBERS):
            self.fleet.stop(number % _MEMBERS)
            self._whole()

    def _whole(self) -> None:
        """All members run, and no frame waits any more for what was done before."""
        self.fleet.mend()
        self.fleet.until_shared()
        Progress(self.world).everywhere()


def measure_takeover() -> None:
    """Print and save the longest waits under each delivery."""
    say_load()
    rounds = int(os.environ.get("ROUNDS", _ROUNDS))
    found = {delivery: _under(delivery, rounds) for delivery in get_args(Delivery)}
    save("takeover", {"rounds": rounds, "seconds": found})


def _under(delivery: Delivery, rounds: int) -> dict[str, list[float]]:
    with (
        tempfile.TemporaryDirectory(prefix="yardlight-takeover-") as place,
        ApacheKafka() as broker,
    ):
        world = world_on(broker, BUNDLE, Path(place) / "engines")
        for topic in (world.topics.frames_topic, world.topics.results_topic):
            world.configure(topic, APPEND_TIME)
        events = _run(world, delivery, Path(place), rounds)
        lost = recount(broker.address, world.topics).lost
        if lost:
            say(f"NOT A FIGURE: {len(lost)} frames have no outcome")
        found = waits(broker.address, world.topics)
    seconds: dict[str, list[float]] = {}
    for event in events:
        seconds.setdefault(event.what, []).append(longest(found, event.begin, event.end))
    aims = {"killed": world.kafka.session_timeout + _MARGIN, "stopped": 1.0, "rolled": 3.0}
    for what, values in seconds.items():
        say(_line(delivery, what, values, aims[what]))
    return seconds


def _run(world: World, delivery: Delivery, place: Path, rounds: int) -> Sequence[_Event]:
    with Fleet(world, place, delivery, _MEMBERS) as fleet:
        traffic = Traffic(world)
        try:
            events = _Stand(world, fleet).rounds(rounds)
        finally:
            traffic.end()
        fleet.until_done()
        fleet.stop_all()
        for failure in fleet.failures:
            say(f"ended by itself: {failure}")
    return events


def _line(delivery: Delivery, what: str, values: list[float], aim: float) -> str:
    return (
        f"{delivery:<13} {what:<8} median {median(values):5.2f} s, at most {max(values):5.2f} s in "
        f"{len(values)} rounds   (aim: {aim:g} or less)"
    )
