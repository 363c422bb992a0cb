"""A process of ours: deaf to the terminal's Ctrl-C, and gone with whoever started it."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.bundle.errors import Fatal

STOP_SECONDS = 5.0
_LOOK_AGAIN_SECONDS = 0.02
_LOG_TAIL_LINES = 15
_SET_PDEATHSIG = 1  # <linux/prctl.h>
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

# Runs before the program, in its place: asks Linux to kill this process when the thread that
# started it ends, then becomes the program. A program of its own because a `preexec_fn` may
# deadlock where the parent has threads, and because the wish survives exec. The second check
# closes the gap in which the parent may have died already.
_TIE_AND_EXEC = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1 is PR_SET_PDEATHSIG
if os.getppid() != int(sys.argv[1]):
    sys.exit("the process that asked for this program is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


def end_with(parent: int) -> None:
    """Have Linux kill this process, one of our own, when the thread that started it ends. Exits at
    once if `parent` is not there any more.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have died before the wish was made.
    if os.getppid() != parent:
        sys.exit("the process that asked for this one is gone")


def tied(command: Sequence[str]) -> list[str]:
    """The words that run a program which, on Linux, is killed when the thread that starts it ends,
    however that happens. Its process id stays the same.
    """
    return [sys.executable, "-I", "-S", "-c", _TIE_AND_EXEC, str(os.getpid()), *command]


def end(process: "subprocess.Popen[Any]", grace: float) -> None:
    """Ask it to end, wait up to `grace` seconds, then kill it."""
    process.terminate()
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class TiedProcess:
    """A child process: deaf to the terminal's Ctrl-C, and never left behind.

    It runs in a session of its own. On Linux the kernel kills it when the thread that called
    `start` ends, however that happens, so start it from a thread that outlives its use. Elsewhere
    a parent that is itself killed with SIGKILL leaves it running.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`name` is what errors call it, such as `the broker`; `environment` None is our own."""
        self._name = name
        self._command = [shutil.which(command[0]) or command[0], *command[1:]]
        self._log = log
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; its output is appended to the log."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                tied(self._command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return as soon as `ready` says so.

        Raises:
            Fatal: the process ended, or was not ready in time; the end of its log is quoted.
        """
        deadline = time.monotonic() + seconds
        while not ready() or not self.running:
            if not self.running:
                raise Fatal(f"{self._name} ended while it started. {self.last_words()}")
            if time.monotonic() > deadline:
                raise Fatal(f"{self._name} was not ready in {seconds:.0f} s. {self.last_words()}")
            time.sleep(_LOOK_AGAIN_SECONDS)

    def stop(self, grace: float = STOP_SECONDS) -> None:
        """Ask it to end, wait up to `grace` seconds, then kill it."""
        if self._process is not None:
            end(self._process, grace)

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def resident_bytes(self) -> int:
        """Bytes of memory it holds now; 0 where it does not run."""
        if self._process is None or not self.running:
            return 0
        pid = self._process.pid
        try:
            pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
        except OSError:
            return _resident_bytes_by_ps(pid)
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def last_words(self) -> str:
        """The end of its log, for an error's text."""
        text = _COLOUR.sub("", self._log.read_text(encoding="utf-8", errors="replace"))
        tail = text.splitlines()[-_LOG_TAIL_LINES:]
        return "Its log ends with:\n" + "\n".join(f"  {line}" for line in tail or ["(nothing)"])


def _resident_bytes_by_ps(pid: int) -> int:
    asked = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)],  # noqa: S607  where ps lies differs by system
        capture_output=True,
        text=True,
        check=False,
    )
    return int(asked.stdout.strip() or 0) * 1024
