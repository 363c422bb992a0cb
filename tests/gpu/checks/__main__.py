"""`make gpu-check`: what only a GPU can show, each check in a process of its own.

Each prints one line of JSON: figures, or why it was skipped. One that crashes does not keep the
others from being run.
"""

import subprocess
import sys
from collections.abc import Callable

from tests.gpu.checks import decode, kernel, machine, memory, rtx, stage
from tests.gpu.checks.report import Figures, lines

CHECKS: dict[str, Callable[[], Figures]] = {
    "machine": machine.check,
    "rtx": rtx.check,
    "memory": memory.check,
    "kernel": kernel.check,
    "decode": decode.check,
    "stage": stage.check,
}
_SECONDS = 300


def main(names: list[str]) -> int:
    if len(names) == 1:
        sys.stdout.write(lines(names[0], CHECKS[names[0]]) + "\n")
        return 0
    failed = [name for name in names or CHECKS if not _in_a_child(name)]
    if failed:
        sys.stderr.write(f"failed: {', '.join(failed)}\n")
    return bool(failed)


def _in_a_child(name: str) -> bool:
    command = [sys.executable, "-m", "tests.gpu.checks", name]
    try:
        return subprocess.run(command, check=False, timeout=_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        sys.stderr.write(f"{name}: not done after {_SECONDS} s\n")
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
