"""Whole services under faults, with the fixtures of the integration tests."""

from pathlib import Path

import pytest

from tests.integration.conftest import LEFT_TO_COLLECT, sockets_are_collected_here

__all__ = ["sockets_are_collected_here"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings(f"ignore:{LEFT_TO_COLLECT}:ResourceWarning"))
