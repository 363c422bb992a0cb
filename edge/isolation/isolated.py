"""A child process as a session sees it: decodes a frame, runs the engine, may die of it."""

import fcntl
import mmap
import os
import time
from collections.abc import Callable

from deploy.bundle.errors import BadFrame, Fatal, Unavailable
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels, frame_to_pixels
from deploy.bundle.reference import Outputs, Scores
from edge.isolation import verdict
from edge.isolation.orders import (
    DECODE,
    RUN,
    Answer,
    Desk,
    EngineOrder,
    Orders,
    desk_bytes,
    lay_out,
)
from edge.isolation.worker import Gone, Worker, start
from edge.observe.logs import get_logger

_log = get_logger("isolation")
_START_SECONDS = 120.0
POSSIBLE = hasattr(os, "memfd_create")
"""Only Linux has nameless memory that can be sealed."""


def insist_on_children() -> None:
    """Raise Fatal where no child can be given memory to decode in."""
    if not POSSIBLE:
        raise Fatal("--isolate-decode needs Linux")


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
        size = desk_bytes(spec, limits, labels)
        self._fd = _sealed_memory(size)
        self._desk: Desk = lay_out(mmap.mmap(self._fd, size), spec, limits, labels)
        self._orders = Orders(os.getpid(), self._fd, spec, limits, labels, engine)
        self._worker: Worker | None = None
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
        if self._worker is not None and time.monotonic() - self._used > seconds:
            self._end()

    def close(self) -> None:
        """End the child. The memory goes with the last who looks at it."""
        self._end()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _ask(self, what: int, size: int, doing: str) -> None:
        worker = self._ready_worker()
        try:
            worker.tell(what, size)
            answer = worker.answer(self._hang_seconds)
        except Gone as gone:
            self._end()
            raise verdict.of_end(gone.status, doing) from gone
        if answer is None:
            self._end()
            raise verdict.of_silence(self._hang_seconds, doing)
        self._used = time.monotonic()
        _raise_what_it_said(answer)

    def _ready_worker(self) -> Worker:
        if self._worker is not None and self._worker.ended:
            # It ended while it had nothing to do, which no frame is to blame for.
            self._end()
        if self._worker is None:
            self._worker = start(self._orders, self._still)
            self._await_ready(self._worker)
            _log.info("decoding in a child", pid=self._worker.pid)
        return self._worker

    def _await_ready(self, worker: Worker) -> None:
        try:
            answer = worker.answer(_START_SECONDS)
        except Gone as gone:
            self._end()
            failure = verdict.of_end(gone.status, "starting")
            if isinstance(failure, Unavailable):
                raise failure from gone
            raise Fatal(f"a child to decode in cannot be started: {failure}") from gone
        if answer is None:
            self._end()
            raise Unavailable(f"a child was not ready in {_START_SECONDS:g} s")

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.kill()
            self._worker = None


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


def _sealed_memory(size: int) -> int:
    """Memory without a name, which goes when nobody looks at it, and which a child cannot cut."""
    fd = os.memfd_create("yardlight", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return fd
