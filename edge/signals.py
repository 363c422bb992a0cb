"""Ctrl-C and SIGTERM, for commands that end in an orderly way."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event


def on_signals(act: Callable[[], None]) -> None:
    """Call `act` at Ctrl-C and SIGTERM instead of dying; from the main thread only."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: act())


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Within `with` SIGTERM ends the command by way of every `finally`, with its usual status."""
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def stop_on_signals() -> Event:
    """An event that Ctrl-C and SIGTERM set."""
    stop = Event()
    on_signals(stop.set)
    return stop
