"""Fixtures that tests of several folders share."""

from pathlib import Path

import pytest
from hypothesis import settings

from tests.models import make_tiny_bundle

pytest_plugins = ["tests.loudly", "tests.brokers.fixtures", "tests.prometheus.fixtures"]

# How long an example takes says more of the machine than of what is tested.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a bundle that tells colours (`tests.models`); shared, so leave it as it is."""
    return make_tiny_bundle(tmp_path_factory.mktemp("bundles") / "colours").folder
