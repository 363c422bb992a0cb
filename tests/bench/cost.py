"""What a command costs: seconds, seconds of processors, and memory."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

# A process's peak begins with what the one that started it held: that one must be small.
_WATCHED = """
import json, os, subprocess, sys
process = subprocess.Popen(sys.argv[1:])
_, status, used = os.wait4(process.pid, 0)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss]), flush=True)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True, slots=True)
class Cost:
    seconds: float
    processor: float
    """Seconds of it on a core, those of all its threads added: others' work hardly changes it."""
    peak: int
    """Bytes of memory of the largest of its processes, with Python and all libraries."""


def cost_of(module: str, words: Sequence[str]) -> Cost:
    """Run `python -m module words` to its end; it must succeed."""
    command = [sys.executable, "-c", _WATCHED, sys.executable, "-m", module, *words]
    begin = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begin
    assert done.returncode == 0, done.stdout + done.stderr
    processor, peak = json.loads(done.stdout.splitlines()[-1])
    return Cost(seconds, processor, peak * 1024)
