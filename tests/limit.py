"""No test runs for ever, whatever it hangs in; `tests/conftest.py` loads this.

pytest-timeout interrupts a test once, with a signal that Python must be running to hear, and calls
its clock off when the test fails: what a fixture does afterwards has no end, nor has a library that
hangs while it holds the interpreter. Both are ended here, with the whole process and after every
thread's stack was written to stderr. Under pytest-xdist the test is then reported by its name as
the one in which a worker crashed, and another worker goes on.
"""

import faulthandler
import os
from typing import Any

import pytest

TEARDOWN_SECONDS = 120.0
"""More than a fixture waits for whatever it gives back (`tests.waiting.PATIENCE`)."""
GRACE_SECONDS = 60.0
"""For a test that was interrupted in words, until its process is ended without."""
END_SECONDS = 120.0
"""From the last test to the end of the process."""

_settings = pytest.StashKey[Any]()
_stderr = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    # Before the output of tests is captured.
    config.stash[_stderr] = os.dup(2)


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> None:
    """Beside the clock that pytest-timeout sets next, one that needs no interpreter."""
    item.stash[_settings] = settings
    _end_process_after(settings.timeout + GRACE_SECONDS, item.config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Set both again: a failure has called them off."""
    settings = item.stash.get(_settings, None)
    if settings is not None:
        given_back = settings._replace(timeout=TEARDOWN_SECONDS)
        item.config.hook.pytest_timeout_set_timer(item=item, settings=given_back)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Threads that nobody ends keep a process from ending, too."""
    _end_process_after(END_SECONDS, session.config)


def _end_process_after(seconds: float, config: pytest.Config) -> None:
    faulthandler.dump_traceback_later(seconds, exit=True, file=config.stash[_stderr])
