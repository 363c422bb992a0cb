"""Ctrl-C and SIGTERM, for commands that end in an orderly way."""

import signal
from collections.abc import Callable
from threading import Event


def on_signals(act: Callable[[], None]) -> None:
    """Call `act` at Ctrl-C and SIGTERM instead of dying; from the main thread only."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: act())


def stop_on_signals() -> Event:
    """An event that Ctrl-C and SIGTERM set."""
    stop = Event()
    on_signals(stop.set)
    return stop
