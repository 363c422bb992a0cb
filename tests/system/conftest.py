"""Whole services, with the fixtures of the integration tests."""

from tests.integration.conftest import embedded_world, engine_cache, sockets_are_collected_here

__all__ = ["embedded_world", "engine_cache", "sockets_are_collected_here"]
