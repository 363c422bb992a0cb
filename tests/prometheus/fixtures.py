"""Prometheus as a pytest fixture; where it cannot be had, the report's end says so."""

from collections.abc import Iterator

import pytest

from tests.prometheus.package import NotHere, Programs, programs
from tests.prometheus.server import Prometheus

_not_here = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def prometheus_programs(pytestconfig: pytest.Config) -> Programs:
    """Prometheus and promtool."""
    try:
        return programs()
    except NotHere as reason:
        pytestconfig.stash[_not_here] = str(reason)
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def prometheus(prometheus_programs: Programs) -> Iterator[Prometheus]:
    """One for all tests; each scrapes under a job of its own."""
    with Prometheus(prometheus_programs.prometheus) as running:
        yield running


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say that rules and dashboards were not tried, where they were not."""
    reason = config.stash.get(_not_here, "")
    if reason:
        terminalreporter.section("NOT TESTED AGAINST PROMETHEUS", yellow=True, bold=True)
        terminalreporter.line(reason, yellow=True)
