"""Fixtures that tests of several folders share."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.models import make_tiny_bundle

pytest_plugins = [
    "tests.limit",
    "tests.loudly",
    "tests.brokers.fixtures",
    "tests.prometheus.fixtures",
]

# How long an example takes says more of the machine than of what is tested.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


# Whoever is started in the background by a shell ignores Ctrl-C, and so would all that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a bundle that tells colours (`tests.models`); shared, so leave it as it is."""
    return make_tiny_bundle(tmp_path_factory.mktemp("bundles") / "colours").folder
