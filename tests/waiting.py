"""Waiting for what must happen, never for a time."""

import threading
import time
from collections.abc import Callable

PATIENCE = 90.0
"""Seconds: far more than anything here takes on a slow machine."""


def wait_until(
    happened: Callable[[], bool], what: str = "what this test waits for", seconds: float = PATIENCE
) -> None:
    """Return as soon as `happened` says so."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds:.0f} s"
        time.sleep(0.02)


def join(thread: threading.Thread) -> None:
    """Wait for a thread to end; one that does not fails the test, whose process it would keep."""
    thread.join(PATIENCE)
    assert not thread.is_alive(), f"thread {thread.name} did not end in {PATIENCE:.0f} s"
