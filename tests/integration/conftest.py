"""Fixtures of the tests that run whole services."""

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.kafka.embedded import EmbeddedBroker
from tests.brokers.apache import ApacheKafka
from tests.brokers.protocol import Broker
from tests.integration.world import World, world_on

# kafka-python leaves the sockets of failed connections to the garbage collector, which complains.
LEFT_TO_COLLECT = "unclosed <socket"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings(f"ignore:{LEFT_TO_COLLECT}:ResourceWarning"))


@pytest.fixture(autouse=True)
def sockets_are_collected_here() -> Iterator[None]:
    """So that no other test is told of them."""
    yield
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", LEFT_TO_COLLECT, ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session")
def engine_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Engines are built once for all tests."""
    return tmp_path_factory.mktemp("engines")


@pytest.fixture
def world(broker: Broker, tiny_bundle: Path, engine_cache: Path) -> World:
    """On each broker in turn, with its topics made."""
    return world_on(broker, tiny_bundle, engine_cache)


@pytest.fixture
def apache_world(apache_kafka: ApacheKafka, tiny_bundle: Path, engine_cache: Path) -> World:
    """On Apache Kafka only: what the embedded broker does not keep."""
    return world_on(apache_kafka, tiny_bundle, engine_cache)


@pytest.fixture
def embedded_world(embedded_kafka: EmbeddedBroker, tiny_bundle: Path, engine_cache: Path) -> World:
    """On the embedded broker only: quick, for what does not depend on the broker."""
    return world_on(embedded_kafka, tiny_bundle, engine_cache)
