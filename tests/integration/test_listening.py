"""Where a service listens: where it is told, and nowhere else."""

import sys
from pathlib import Path

import pytest

from tests.integration.running import member
from tests.integration.world import World

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="/proc tells who listens on Linux only"),
]
LISTENS = "0A"


@pytest.mark.parametrize(("host", "address"), [("127.0.0.1", "0100007F"), ("0.0.0.0", "00000000")])  # noqa: S104
def test_a_service_listens_once_and_where_it_is_told(
    embedded_world: World, tmp_path: Path, host: str, address: str
) -> None:
    with member(embedded_world, tmp_path / "log", "--metrics-host", host) as running:
        running.ready()
        port = int(running.url.rpartition(":")[2])
        assert listening(running.process.pid) == [f"{address}:{port:04X}"]
        assert running.stop() == 0


def listening(pid: int) -> list[str]:
    """Addresses on which a process listens by TCP, in either family, as the kernel writes them."""
    folder = Path(f"/proc/{pid}/fd")
    own = {str(entry.readlink()) for entry in folder.iterdir() if entry.is_symlink()}
    found = []
    for family in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{family}").read_text("utf-8").splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENS and f"socket:[{fields[9]}]" in own:
                found.append(fields[1])
    return found
