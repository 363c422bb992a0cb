"""`make fuzz COUNT=100000 SEED=1`: mutated images and records, and what they cost."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from tests.fuzz.targets import TARGETS

_STRETCH = 5000
_HANGS_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What so many inputs did."""

    count: int
    slowest: float
    """Seconds of one thread for the input that took longest."""
    peak: int
    """Bytes of memory at most, with Python and all libraries."""


class Broken(Exception):  # noqa: N818 - a finding
    """An input ended, held up or filled the process; says which, and how to see it again."""


def fuzz(name: str, seed: int, count: int) -> Fuzzed:
    """Try inputs number 0 up to, not including, `count` on a target.

    Raises:
        Broken: one was not survived.
    """
    measured = [
        _stretch(name, seed, first, min(_STRETCH, count - first))
        for first in range(0, count, _STRETCH)
    ]
    slowest = max(it["slowest"] for it in measured)
    return Fuzzed(count, slowest, int(max(it["peak"] for it in measured)))


def _stretch(name: str, seed: int, first: int, count: int) -> dict[str, float]:
    words = [sys.executable, "-m", "tests.fuzz.child", name, str(seed), str(first), str(count)]
    with tempfile.TemporaryFile("w+") as said:
        try:
            done = subprocess.run(
                words, stdout=subprocess.PIPE, stderr=said, timeout=_HANGS_SECONDS, check=False
            )
            end = f"exit status {done.returncode}"
        except subprocess.TimeoutExpired:
            end = f"it hangs for {_HANGS_SECONDS:.0f} s"
        else:
            if done.returncode == 0:
                measured: dict[str, float] = json.loads(done.stdout)
                return measured
        said.seek(0)
        lines = said.read().splitlines()
    numbers = [line for line in lines if line.isdigit()]
    again = " ".join([*words[1:5], numbers[-1] if numbers else str(first), "1"])
    raise Broken(f"{end}: {lines[-1] if lines else ''}; see it again with python {again}")


def main() -> None:
    seed, count = int(os.environ.get("SEED", "1")), int(os.environ.get("COUNT", "100000"))
    for name in TARGETS:
        found = fuzz(name, seed, -(-count // len(TARGETS)))
        sys.stdout.write(
            f"{name:<8} {found.count} inputs, slowest {1000 * found.slowest:.1f} ms of one thread, "
            f"at most {found.peak / 1e6:.0f} MB\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
