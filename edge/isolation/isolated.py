"""A child process as the service sees it: decodes a frame, runs the engine, may die of it."""

import fcntl
import mmap
import os
import select
import subprocess
import time
from collections.abc import Callable

import msgspec

from deploy.bundle.errors import BadFrame, Fatal, Unavailable
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Limits, Pixels, frame_to_pixels
from deploy.bundle.reference import Outputs, Scores
from deploy.bundle.start import own_program
from edge.isolation import verdict
from edge.isolation.orders import (
    DECODE,
    LENGTH,
    LONGEST_ANSWER,
    REQUEST,
    RUN,
    Answer,
    Desk,
    EngineOrder,
    Orders,
    desk_bytes,
    lay_out,
)
from edge.observe.logs import get_logger

_log = get_logger("isolation")
_GONE = (OSError, EOFError, ValueError, msgspec.DecodeError)
_START_SECONDS = 120.0
_TICK_MS = 200
POSSIBLE = hasattr(os, "memfd_create")
"""Only Linux has nameless memory that can be sealed."""
_LONGEST_TICK = 1.0
"""What one tick counts at most: while all of us were stopped, the child had no time either."""
_PASSED_ON = (
    "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "PYTHONHOME", "PYTHONPATH"
)  # fmt: skip
"""What a Python program finds its libraries by; nothing that could be a secret."""


class Isolated:
    """Used by one thread, which the child does not outlive. It is started when it is first needed,
    and anew after it died.
    """

    def __init__(
        self,
        spec: InputSpec,
        limits: Limits,
        labels: int,
        engine: EngineOrder | None,
        *,
        hang_seconds: float,
        still: Callable[[], None],
    ) -> None:
        """`still` is called again and again while the child is waited for."""
        self._spec, self._limits = spec, limits
        self._hang_seconds = hang_seconds
        self._still = still
        self._fd = _sealed_memory(Orders(0, 0, spec, limits, labels, engine))
        self._orders = Orders(os.getpid(), self._fd, spec, limits, labels, engine)
        self._memory = mmap.mmap(self._fd, desk_bytes(self._orders))
        self._desk: Desk = lay_out(self._memory, self._orders)
        self._process: subprocess.Popen[bytes] | None = None
        self._used = time.monotonic()

    def decode(self, data: bytes) -> Pixels:
        """As `frame_to_pixels`, in the child.

        Raises:
            BadFrame: also where the child died of it (`crashed`), or did not come back (`hung`).
            Unavailable: somebody ended the child; trying again may help.
            Fatal: no child can be started.
        """
        if not 0 < len(data) <= self._limits.max_bytes:
            return frame_to_pixels(data, self._spec, self._limits)  # which refuses it unread
        self._desk.frame[: len(data)] = data
        try:
            self._ask(DECODE, len(data), "decoding the frame")
        except _DriverError as failure:
            raise BadFrame("undecodable", f"the decoder failed: {failure}") from failure
        pixels: Pixels = self._desk.pixels[0].copy()
        return pixels

    def run(self, pixels: Pixels) -> Scores:
        """As `Session.run` for one frame, in the child.

        Raises:
            BadFrame, Unavailable, Fatal: as `decode`.
            RuntimeError: the engine failed on it.
        """
        self._desk.pixels[:] = pixels
        self._ask(RUN, 0, "running the engine on the frame")
        scores: Scores = self._desk.scores.copy()
        return scores

    def run_all(self, pixels: Pixels) -> Outputs:
        raise NotImplementedError

    def close_if_idle(self, seconds: float) -> None:
        """Give back its memory if it was not needed for so long."""
        if self._process is not None and time.monotonic() - self._used > seconds:
            self._end()

    def close(self) -> None:
        """End the child. The memory goes with the last who looks at it."""
        self._end()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _ask(self, what: int, size: int, doing: str) -> None:
        process = self._process or self._start()
        if process.poll() is not None:
            # It ended while it had nothing to do, which no frame is to blame for.
            self._end()
            process = self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(REQUEST.pack(what, size))
            answer = self._answer(process, self._hang_seconds)
        except _GONE as error:
            raise self._ended(doing) from error
        if answer is None:
            self._end()
            raise verdict.of_silence(self._hang_seconds, doing)
        self._used = time.monotonic()
        _raise_what_it_said(answer)

    def _start(self) -> "subprocess.Popen[bytes]":
        words = msgspec.json.encode(self._orders).decode()
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._process = process = subprocess.Popen(
            [*own_program("edge.isolation.child"), words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=environment,
            pass_fds=(self._fd,),
            start_new_session=True,
        )
        try:
            answer = self._answer(process, _START_SECONDS)
        except _GONE as error:
            failure = self._ended("starting")
            if isinstance(failure, Unavailable):
                raise failure from error
            raise Fatal(f"a child to decode in cannot be started: {failure}") from error
        if answer is None:
            self._end()
            raise Unavailable(f"a child was not ready in {_START_SECONDS:g} s")
        _log.info("decoding in a child", pid=process.pid)
        return process

    def _answer(self, process: "subprocess.Popen[bytes]", seconds: float) -> Answer | None:
        """What the child says, None if it says nothing for so long.

        Raises:
            EOFError: it ended.
            ValueError: it says what no child says.
        """
        assert process.stdout is not None
        ear, heard, waiting = process.stdout.fileno(), b"", select.poll()
        waiting.register(ear, select.POLLIN)
        while seconds > 0:
            began = time.monotonic()
            if waiting.poll(_TICK_MS):
                heard += _read(ear)
                if (words := _whole(heard)) is not None:
                    return msgspec.json.decode(words, type=Answer)
            self._still()
            seconds -= min(time.monotonic() - began, _LONGEST_TICK)
        return None

    def _ended(self, doing: str) -> BadFrame | Unavailable:
        """Why the child cannot be talked with any more; it is gone afterwards."""
        assert self._process is not None
        try:
            status = self._process.wait(_LONGEST_TICK)
        except subprocess.TimeoutExpired:
            self._end()
            return BadFrame("crashed", f"{doing} made the process talk nonsense")
        self._end()
        return verdict.of_end(status, doing)

    def _end(self) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            process.communicate()


class _DriverError(RuntimeError):
    """Whatever a driver raised over there."""


def _raise_what_it_said(answer: Answer) -> None:
    match answer.said:
        case "bad-frame":
            raise BadFrame(answer.reason, answer.text)
        case "failed":
            raise _DriverError(answer.text)
        case "unavailable":
            raise Unavailable(answer.text)
        case "fatal":
            raise Fatal(answer.text)
        case _:
            return


def _read(ear: int) -> bytes:
    heard = os.read(ear, LONGEST_ANSWER)
    if not heard:
        raise EOFError
    return heard


def _whole(heard: bytes) -> bytes | None:
    """The answer, once it is there to its end."""
    if len(heard) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack_from(heard)
    if size > LONGEST_ANSWER or len(heard) > LENGTH.size + size:
        raise ValueError("not an answer")
    return heard[LENGTH.size :] if len(heard) == LENGTH.size + size else None


def _sealed_memory(orders: Orders) -> int:
    """Memory without a name, which goes when nobody looks at it, and which a child cannot cut."""
    fd = os.memfd_create("yardlight", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, desk_bytes(orders))
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return fd
