"""The process of a child: started, told, heard and killed. What it says is not trusted."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

import msgspec

from deploy.bundle.start import own_program
from edge.isolation.orders import LENGTH, LONGEST_ANSWER, REQUEST, Answer, Orders

_TICK_MS = 200
_LONGEST_TICK = 1.0
"""What one tick counts at most: while all of us were stopped, the child had no time either."""
_PASSED_ON = (
    "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "PYTHONHOME", "PYTHONPATH"
)  # fmt: skip
"""What a Python program finds its libraries by; nothing that could be a secret."""


class Gone(Exception):  # noqa: N818 - a fact, for the caller to judge
    """There is nobody to talk with any more."""

    def __init__(self, status: int | None) -> None:
        super().__init__()
        self.status = status
        """As `subprocess` gives it; None for a child that lived and talked nonsense."""


class Worker:
    """One process, which does not outlive the thread that started it."""

    def __init__(self, process: "subprocess.Popen[bytes]", still: Callable[[], None]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._still = still
        self._mouth, self._ear = process.stdin, process.stdout.fileno()
        self._waiting = select.poll()
        self._waiting.register(self._ear, select.POLLIN)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def tell(self, what: int, size: int) -> None:
        """Ask for something.

        Raises:
            Gone: it ended.
        """
        try:
            self._mouth.write(REQUEST.pack(what, size))
        except OSError as error:
            raise self._gone() from error

    def answer(self, seconds: float) -> Answer | None:
        """What it says, None if that takes longer. `still` is called while it is waited for.

        Raises:
            Gone: it ended, or says what no child says.
        """
        heard = b""
        while seconds > 0:
            began = time.monotonic()
            if self._waiting.poll(_TICK_MS):
                heard += self._hear()
                if (words := self._whole(heard)) is not None:
                    return self._understood(words)
            self._still()
            seconds -= min(time.monotonic() - began, _LONGEST_TICK)
        return None

    def kill(self) -> None:
        """End it at once, with whatever it may have started."""
        if not self.ended:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.communicate()

    def _hear(self) -> bytes:
        heard = os.read(self._ear, LONGEST_ANSWER)
        if not heard:
            raise self._gone()
        return heard

    def _whole(self, heard: bytes) -> bytes | None:
        """The answer, once it is there to its end."""
        if len(heard) < LENGTH.size:
            return None
        (size,) = LENGTH.unpack_from(heard)
        missing = LENGTH.size + size - len(heard)
        if size > LONGEST_ANSWER or missing < 0:
            raise self._gone()
        return heard[LENGTH.size :] if missing == 0 else None

    def _understood(self, words: bytes) -> Answer:
        try:
            return msgspec.json.decode(words, type=Answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._gone() from error

    def _gone(self) -> Gone:
        try:
            status: int | None = self._process.wait(_LONGEST_TICK)
        except subprocess.TimeoutExpired:
            status = None
        return Gone(status)


def start(orders: Orders, still: Callable[[], None]) -> Worker:
    """A child that loads what it needs; `ready` is the first that it says."""
    process = subprocess.Popen(
        [*own_program("edge.isolation.child"), msgspec.json.encode(orders).decode()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        pass_fds=(orders.memory,),
        start_new_session=True,
    )
    return Worker(process, still)
