"""Brokers as pytest fixtures; `tests/conftest.py` loads them.

They live as long as the test session and are shared, so a test makes topics and groups of its own
(`tests.brokers.topics`), and one that stops its broker starts an `ApacheKafka` of its own.
A broker that cannot run here skips its tests, and the end of the terminal's report says so.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Literal, NoReturn

import pytest

from deploy.bundle.errors import MissingDriver
from edge.kafka.embedded import EmbeddedBroker
from tests.brokers.apache import ApacheKafka
from tests.brokers.cluster import Cluster
from tests.brokers.java import availability
from tests.brokers.protocol import Broker
from tests.brokers.secure import SecureKafka, secure_availability

BrokerKind = Literal["embedded", "apache"]

_not_here = pytest.StashKey[set[str]]()


@pytest.fixture(scope="session")
def apache_kafka(pytestconfig: pytest.Config) -> Iterator[ApacheKafka]:
    """The real thing."""
    insist_on_apache(pytestconfig)
    with ApacheKafka() as broker:
        yield broker


@pytest.fixture(scope="session")
def three_brokers(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """The real thing, three times, behind networks that can fail."""
    insist_on_apache(pytestconfig)
    with Cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def secure_kafka(pytestconfig: pytest.Config) -> Iterator[SecureKafka]:
    """The real thing with TLS, logins and an authorizer."""
    state = secure_availability()
    if not state.ok:
        _skip_loudly(pytestconfig, state.reason)
    with SecureKafka() as broker:
        yield broker


@pytest.fixture(scope="session")
def embedded_kafka(pytestconfig: pytest.Config) -> Iterator[EmbeddedBroker]:
    """The demo's broker; `tests/contract/test_brokers.py` says what it does not keep."""
    with ExitStack() as stack:
        try:
            broker = stack.enter_context(EmbeddedBroker())
        except MissingDriver as error:
            _skip_loudly(pytestconfig, f"The embedded broker cannot run: {error}")
        yield broker


@pytest.fixture(params=["embedded", "apache"])
def broker(request: pytest.FixtureRequest) -> Broker:
    """Each broker in turn; ids `embedded` and `apache`."""
    kind: BrokerKind = request.param
    found: Broker = request.getfixturevalue(f"{kind}_kafka")
    return found


def insist_on_apache(config: pytest.Config) -> None:
    """For a test that starts brokers of its own: skip loudly where none can run."""
    state = availability()
    if not state.ok:
        _skip_loudly(config, state.reason)


def _skip_loudly(config: pytest.Config, reason: str) -> NoReturn:
    config.stash.setdefault(_not_here, set()).add(reason)
    pytest.skip(reason)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which brokers these tests did not see."""
    reasons = config.stash.setdefault(_not_here, set())
    if reasons:
        terminalreporter.section("NOT TESTED AGAINST A BROKER", yellow=True, bold=True)
    for reason in sorted(reasons):
        terminalreporter.line(reason, yellow=True)
