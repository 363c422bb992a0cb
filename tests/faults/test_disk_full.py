"""A disk without room for the engine that is to be built: said so, and where."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge.settings.kafka import KafkaSettings
from tests.brokers.topics import unique
from tests.ending import finished
from tests.integration.running import options
from tests.integration.world import World, new_topics
from tests.loudly import skip_loudly

pytestmark = pytest.mark.slow
_MOUNT = 'mount -t tmpfs -o size=4k,mode=0700 none "$0"'
_FILL = f'{_MOUNT} && head -c 4096 /dev/zero > "$0/full" && exec "$@"'


def on_a_full_disk(folder: Path, *command: str) -> Sequence[str]:
    """Words that run a command which finds this folder full, and nobody else does."""
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", _FILL, str(folder), *command]


@pytest.fixture
def full(pytestconfig: pytest.Config, tmp_path: Path) -> Path:
    folder = tmp_path / "engines"
    folder.mkdir()
    here = shutil.which("unshare") is not None
    if not here or finished(on_a_full_disk(folder, "true")).returncode:
        skip_loudly(pytestconfig, "A full disk needs a mount of one's own: `unshare` gives none.")
    return folder


def test_an_engine_that_the_disk_has_no_room_for_ends_the_start_with_the_cause(
    full: Path, tiny_bundle: Path
) -> None:
    world = World(KafkaSettings(), tiny_bundle, full, new_topics(), unique("group"))
    run = (sys.executable, "-m", "edge.cli", "run", *options(world))
    done = finished(on_a_full_disk(full, *run))
    assert done.returncode == 1
    assert f"could not be built into {full}" in done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
