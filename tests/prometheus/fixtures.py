"""Prometheus as a pytest fixture; `tests/conftest.py` loads it."""

from collections.abc import Iterator

import pytest

from tests.loudly import NotHere, skip_loudly
from tests.prometheus.package import Programs, programs
from tests.prometheus.server import Prometheus


@pytest.fixture(scope="session")
def prometheus_programs(pytestconfig: pytest.Config) -> Programs:
    """Prometheus and promtool."""
    try:
        return programs()
    except NotHere as reason:
        skip_loudly(pytestconfig, str(reason))


@pytest.fixture(scope="session")
def prometheus(prometheus_programs: Programs) -> Iterator[Prometheus]:
    """One for all tests; each scrapes under a job of its own."""
    with Prometheus(prometheus_programs.prometheus) as running:
        yield running
