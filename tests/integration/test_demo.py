"""`yardlight-edge demo`: what a user sees first."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.kafka.embedded import EmbeddedBroker
from tests.integration.running import Command, command
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.slow


@contextmanager
def demo(folder: Path, *words: str, **variables: str) -> Iterator[Command]:
    temporary = folder / "tmp"
    temporary.mkdir()
    usual = {"TMPDIR": str(temporary), "HOME": str(folder), "COLUMNS": "120"}
    environment = usual | variables
    with command(folder / "log", "edge.cli", "demo", *words, environment=environment) as running:
        yield running


def test_it_accounts_for_every_frame_and_leaves_nothing_behind(
    embedded_kafka: EmbeddedBroker, tmp_path: Path
) -> None:
    assert embedded_kafka.address
    with demo(tmp_path, "--seconds", "6", "--cameras", "2") as running:
        said, _ = running.process.communicate(timeout=PATIENCE)
        assert running.process.returncode == 0, said + running.said()
    sent = int(_found(r"sent\s*│\s*(\d+)", said))
    assert sent == int(_found(r"classified\s*│\s*(\d+)", said)) >= 10
    assert float(_found(rf"accuracy\s+([\d.]+)% of {sent} frames", said)) >= 90
    for stage in ("transport", "queue", "decode", "batch", "inference", "publish"):
        assert re.search(rf"{stage}\s*│\s*[\d.]+\s*│\s*[\d.]+\s*│\s*[\d.]+", said), said
    assert "throughput  " in said
    assert f"audit       clean: every committed frame has its outcome ({sent} classified" in said
    assert re.search(r"metrics http://127\.0\.0\.1:\d+/metrics", said)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_the_environment_says_to_the_service_is_not_meant_for_the_demo(
    embedded_kafka: EmbeddedBroker, tmp_path: Path
) -> None:
    assert embedded_kafka.address
    variables = {"YARDLIGHT_FRAMES_TOPIC": "yard", "YARDLIGHT_BUNDLE": "/nowhere"}
    with demo(tmp_path, "--seconds", "2", **variables) as running:
        said, _ = running.process.communicate(timeout=PATIENCE)
    assert "audit       clean" in said, said + running.said()


def test_ctrl_c_ends_it_with_the_same_account(
    embedded_kafka: EmbeddedBroker, tmp_path: Path
) -> None:
    assert embedded_kafka.address
    with demo(tmp_path) as running:
        wait_until(lambda: len(children(running.process.pid)) >= 2, "broker and service")
        assert running.process.stdout is not None
        os.kill(running.process.pid, signal.SIGINT)
        said, _ = running.process.communicate(timeout=PATIENCE)
    assert "audit       " in said, said + running.said()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_killed_it_takes_broker_and_service_along(
    embedded_kafka: EmbeddedBroker, tmp_path: Path
) -> None:
    assert embedded_kafka.address
    with demo(tmp_path) as running:
        wait_until(lambda: len(children(running.process.pid)) >= 2, "broker and service")
        family = children(running.process.pid)
        running.stop(signal.SIGKILL)
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family), "their end")


def children(pid: int) -> list[int]:
    """Processes whose parent is `pid`."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]
