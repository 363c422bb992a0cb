"""Tests that skip because of what is not on this machine: the end of the report says so."""

from typing import NoReturn

import pytest

_reasons = pytest.StashKey[set[str]]()


class NotHere(Exception):  # noqa: N818 - it says what is the matter
    """A tool of the tests cannot be had on this machine; the message says which and why."""


def skip_loudly(config: pytest.Config, reason: str) -> NoReturn:
    config.stash.setdefault(_reasons, set()).add(reason)
    pytest.skip(reason)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what was not tested, and what it would have needed."""
    reasons = config.stash.get(_reasons, set[str]())
    if reasons:
        terminalreporter.section("NOT TESTED HERE", yellow=True, bold=True)
    for reason in sorted(reasons):
        terminalreporter.line(reason, yellow=True)
