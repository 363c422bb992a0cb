"""Startup, readiness and liveness of all workers as one answer."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from edge.observe.health import SILENT_SECONDS
from edge.workers.messages import Report


class Seated(Protocol):
    """What is asked of a seat."""

    @property
    def number(self) -> int: ...
    @property
    def report(self) -> Report: ...


class JointHealth:
    """Started and ready when every worker is: what was asked for is there in full. While one is
    missing the others serve its partitions, so the answer is for rollouts and people, and nothing
    is routed by it.

    Alive as long as the supervisor is, which ends and replaces workers that are not.
    """

    def __init__(
        self, seats: Sequence[Seated], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seats = seats
        self._clock = clock
        self._beat = clock()
        self._started: set[int] = set()
        self.stopping = False

    def beat(self) -> None:
        """The supervisor gives a sign of life, and has looked at its workers."""
        self._beat = self._clock()
        self._started.update(seat.number for seat in self._seats if seat.report.started)

    def probe(self, name: str) -> tuple[bool, str]:
        """Answer `startup`, `ready` or `live`: whether, and a sentence.

        Raises:
            KeyError: there is no such probe.
        """
        return {"startup": self._startup, "ready": self._ready, "live": self._live}[name]()

    def _startup(self) -> tuple[bool, str]:
        return len(self._started) == len(self._seats), self._phases()

    def _ready(self) -> tuple[bool, str]:
        ready = all(seat.report.ready for seat in self._seats)
        return ready and not self.stopping, self._phases()

    def _live(self) -> tuple[bool, str]:
        if self._clock() - self._beat > SILENT_SECONDS:
            return False, f"no sign of life from the supervisor for {SILENT_SECONDS:g} s"
        return True, "alive"

    def _phases(self) -> str:
        """What each is doing; those that do the same in one breath."""
        doing: dict[str, list[str]] = {}
        for seat in self._seats:
            doing.setdefault(seat.report.phase, []).append(str(seat.number))
        if len(doing) == 1:
            return next(iter(doing))
        return "; ".join(f"{_named(who)}: {phase}" for phase, who in doing.items())


def _named(numbers: Sequence[str]) -> str:
    return f"worker{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"
