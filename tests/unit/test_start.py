"""How a program starts: by its own files alone, and Ctrl-C ends it however early it comes."""

import os
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from deploy.bundle.start import INTERRUPTED, own_program
from tests.ending import finished, killed_after

# Stands for a library that makes another error of an interruption in its midst.
SWALLOWING = """
import time
try:
    print("loading", flush=True)
    time.sleep(600)
except BaseException:
    raise ImportError("half loaded")
"""


def _heed_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_while_it_loads_is_one_word(tmp_path: Path) -> None:
    (tmp_path / "swallowing.py").write_text(SWALLOWING, encoding="utf-8")
    starting = subprocess.Popen(
        own_program("swallowing"),
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where tests run in the background, the shell has them ignore Ctrl-C.
        preexec_fn=_heed_ctrl_c,  # noqa: PLW1509 - this process has no threads yet
    )
    assert starting.stdout is not None
    with killed_after(starting):
        assert starting.stdout.readline() == "loading\n"
    starting.send_signal(signal.SIGINT)
    assert starting.communicate(timeout=30)[1] == "interrupted\n"
    assert starting.returncode == INTERRUPTED


@pytest.mark.parametrize("name", ["yardlight-edge", "yardlight-deploy", "yardlight-train"])
def test_a_command_loads_no_library_before_it_can_be_interrupted(name: str) -> None:
    (entry,) = entry_points(group="console_scripts", name=name)
    look = (
        f"import sys; from {entry.module} import {entry.attr}\n"
        "print(*sorted({'cyclopts', 'rich', 'numpy', 'kafka'} & set(sys.modules)))"
    )
    loaded = finished([sys.executable, "-c", look], check=True)
    assert loaded.stdout.split() == []


def test_the_service_loads_the_library_of_its_own_engine_only() -> None:
    look = (
        "import sys; import edge.cli, edge.service\n"
        "print(*sorted({'onnxruntime', 'openvino', 'deploy.engines.tensorrt'} & set(sys.modules)))"
    )
    loaded = finished([sys.executable, "-c", look], check=True)
    assert loaded.stdout.split() == []


@pytest.mark.parametrize(
    "module", ["edge.cli", "edge.dead_letters.command", "edge.rollout.command"]
)
def test_a_command_that_looks_at_no_picture_loads_nothing_that_could(module: str) -> None:
    look = (
        f"import sys; import {module}\n"
        "print(*sorted({'cv2', 'numpy', 'simplejpeg', 'onnxruntime'} & set(sys.modules)))"
    )
    assert finished([sys.executable, "-c", look], check=True).stdout.split() == []


@pytest.mark.slow
@pytest.mark.parametrize("module", ["edge.cli", "deploy.cli"])
def test_programs_of_the_users_folder_are_not_executed(tmp_path: Path, module: str) -> None:
    for name in ("edge", "deploy", "trainer", "json", "cyclopts", "runpy"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not ours')", encoding="utf-8")
    asked = finished(
        [*own_program(module), "--version"],
        cwd=tmp_path,
    )
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.startswith("yardlight ")
