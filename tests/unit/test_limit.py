"""A test that hangs where no signal is heard ends, is named, and is not run a second time."""

import os
import sys
from pathlib import Path

import pytest

from tests.ending import finished

ROOT = Path(__file__).parents[2]
AT_ONCE = """
from tests import limit

limit.TEARDOWN_SECONDS = limit.GRACE_SECONDS = 0.5
"""
# A lock of C that is taken twice: the interpreter stays with who waits for it, signals go unheard.
HANGING = """
import ctypes
import pytest

def hang():
    library, lock = ctypes.PyDLL(None), ctypes.create_string_buffer(64)
    library.pthread_mutex_lock(lock)
    library.pthread_mutex_lock(lock)

@pytest.fixture
def never_given_back():
    yield
    hang()

@pytest.mark.timeout(0.5)
def test_hangs():
    hang()

def test_fails_before_its_fixture_hangs(never_given_back):
    assert 0

def test_passes_before_its_fixture_hangs(never_given_back):
    pass

def test_is_none_of_these():
    pass
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the lock is one of Linux's C library")
def test_a_hanging_test_is_ended_and_named_and_the_others_run(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(AT_ONCE, encoding="utf-8")
    (tmp_path / "test_hanging.py").write_text(HANGING, encoding="utf-8")
    plugins = ["-p", "xdist", "-p", "pytest_timeout", "-p", "tests.limit"]
    options = ["-c", "/dev/null", "-o", "timeout=60", "-n", "1", "--dist", "worksteal"]
    done = finished(
        [sys.executable, "-m", "pytest", *plugins, *options, str(tmp_path)],
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        cwd=ROOT,
        seconds=100,
    )
    crashed = [line for line in done.stdout.splitlines() if "crashed while running" in line]
    assert len([line for line in crashed if line.startswith("worker")]) == 3, done.stdout
    assert "4 failed, 2 passed" in done.stdout
    assert done.stderr.count("in hang") == 3, done.stderr
