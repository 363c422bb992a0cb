"""A process ends though its interpreter stands still."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow
# `PyDLL` holds the interpreter's lock while it calls.
_FREEZING = """
import ctypes
from edge import guard
guard._GRACE_SECONDS = 0.0
with guard.ended_if_frozen(0.5):
    ctypes.PyDLL(None).sleep(600)
"""


def test_a_library_that_hangs_with_the_interpreter_in_hand_ends_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FREEZING], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert "Timeout" in done.stderr
