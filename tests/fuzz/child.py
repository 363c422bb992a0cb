"""One stretch of fuzzing in a process that may hold so much memory, die, or hang without harm.

Run as `python -m tests.fuzz.child TARGET SEED FIRST COUNT`; prints what it measured as JSON. Before
each input its number is written to stderr's file, so that the one that killed it is known.
"""

import json
import resource
import sys
import time
from pathlib import Path
from random import Random

import cv2

from tests.fuzz.targets import TARGETS

MEMORY = 4 << 30
"""Bytes of addresses; a picture may have fifty million pixels."""


def main(name: str, seed: str, first: str, count: str) -> None:
    cv2.setNumThreads(1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    target, slowest = TARGETS[name], 0.0
    for number in range(int(first), int(first) + int(count)):
        sys.stderr.write(f"{number}\n")
        # This thread's own time: what other programs take is no fault of the input.
        start = time.thread_time()
        target(Random(f"{seed}/{name}/{number}"))
        slowest = max(slowest, time.thread_time() - start)
    sys.stdout.write(json.dumps({"slowest": slowest, "peak": _peak()}))


def _peak() -> int:
    """Most bytes that this program had in memory. (`ru_maxrss` begins with those of its parent.)"""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = [line for line in status if line.startswith("VmHWM:")]
    return int(line.split()[1]) << 10


if __name__ == "__main__":
    main(*sys.argv[1:])
