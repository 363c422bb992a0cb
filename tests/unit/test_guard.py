"""A process ends though its interpreter stands still."""

import sys

import pytest

from tests.ending import finished

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
    done = finished([sys.executable, "-c", _FREEZING], seconds=120)
    assert done.returncode == 1
    assert "Timeout" in done.stderr
