"""Whoever looks on while batches are classified, and how little that may cost the live path."""

from collections.abc import Callable, Sequence
from threading import Lock

from edge.outcome import Outcome

Onlooker = Callable[[Sequence[Outcome]], None]


class Witnesses:
    """Called by every inference thread with each batch; hands it to those who look on now."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._onlookers: tuple[Onlooker, ...] = ()

    def __call__(self, outcomes: Sequence[Outcome]) -> None:
        for onlooker in self._onlookers:
            onlooker(outcomes)

    def add(self, onlooker: Onlooker) -> None:
        with self._lock:
            self._onlookers = (*self._onlookers, onlooker)

    def remove(self, onlooker: Onlooker) -> None:
        with self._lock:
            self._onlookers = tuple(it for it in self._onlookers if it != onlooker)
