"""The unit for machines without containers: systemd understands it, and it may do little."""

import configparser
import shutil
from pathlib import Path

import pytest

from edge.settings.limits import LimitSettings
from tests.ending import finished
from tests.images.dockerfile import FOLDER
from tests.loudly import skip_loudly

UNIT = FOLDER / "systemd/yardlight-edge.service"
WORST_EXPOSURE = 2.5
"""Of 10, as `systemd-analyze security` counts; 2 and below is OK, a plain unit has 9.6."""


@pytest.fixture
def analyze(pytestconfig: pytest.Config) -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        skip_loudly(pytestconfig, "The systemd unit was not verified: no systemd-analyze here.")
    return program


def test_systemd_understands_every_line(analyze: str, tmp_path: Path) -> None:
    # The program itself is not installed here.
    text = UNIT.read_text(encoding="utf-8").replace(
        "/opt/yardlight/bin/yardlight-edge", "/bin/true"
    )
    unit = tmp_path / UNIT.name
    unit.write_text(text, encoding="utf-8")
    done = finished([analyze, "verify", unit])
    assert (done.returncode, done.stderr) == (0, "")


def test_it_may_do_little(analyze: str) -> None:
    limit = f"--threshold={WORST_EXPOSURE * 10:.0f}"
    command = [analyze, "security", "--offline=true", "--no-pager", limit, str(UNIT)]
    done = finished(command)
    assert done.returncode == 0, done.stdout[-400:]


def test_stopping_waits_for_the_drain_budget() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read_string(UNIT.read_text(encoding="utf-8"))
    seconds = float(unit["Service"]["TimeoutStopSec"].rstrip("s"))
    assert seconds >= LimitSettings().drain_seconds + 15
