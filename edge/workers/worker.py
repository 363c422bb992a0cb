"""A worker's process as the supervisor sees it: started, heard, asked to end, killed."""

import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from os import getpid
from threading import Thread

import msgspec

from deploy.bundle.start import own_program
from edge.observe.health import SILENT_SECONDS
from edge.workers.messages import LONGEST, Orders, Report, read_report, write

START_SECONDS = 120.0
"""Loading libraries may keep a process from its first word for so long."""
_HEAR_OUT_SECONDS = 2.0


class Worker:
    """One process. Used by the thread that started it, which it does not outlive."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        channel: Connection,
        heard: Callable[[Report], None],
    ) -> None:
        self._process = process
        self._channel = channel
        self._heard = heard
        self._silent = 0.0
        self._heard_out = False
        self._began = time.monotonic()
        self._kill_at: float | None = None
        self._ended_for = ""
        self.report: Report | None = None
        """The newest; None before the first."""
        self.was_ready = False
        self.killed = False
        """It did not end in time after it was asked to."""
        self._listening = Thread(target=self._listen, name=f"worker-{process.pid}", daemon=True)
        self._listening.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def lived(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._began

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def trouble(self) -> str:
        """Why it cannot go on though it runs, in a sentence; empty where nothing is known."""
        if self.report is None:
            late = self._silent > START_SECONDS
            return f"it said nothing in {START_SECONDS:g} s" if late else ""
        if self._silent > SILENT_SECONDS:
            return f"it has said nothing for {SILENT_SECONDS:g} s"
        return self.report.stuck

    def tick(self, seconds: float) -> None:
        """So much time went by, in which the supervisor ran too: a machine that slept silenced
        nobody.
        """
        self._silent += seconds
        if self._kill_at is not None and time.monotonic() > self._kill_at and not self.ended:
            self.killed = True
            self._process.kill()

    @property
    def leaving(self) -> bool:
        """It was asked to end."""
        return self._kill_at is not None

    def end(self, grace: float, why: str = "") -> None:
        """Ask it to end in order; it is killed after `grace` seconds, while it is ticked.

        Args:
            why: what it is ended for, if it did not go as it should.
        """
        if self._kill_at is None:
            self._kill_at, self._ended_for = time.monotonic() + grace, why
            self._process.terminate()

    def how_it_ended(self) -> str:
        """A sentence without its name. Once it has ended."""
        self._listening.join(_HEAR_OUT_SECONDS)
        self._heard_out = True
        if self.report is not None and self.report.failure:
            return self.report.failure
        if self._ended_for:
            return self._ended_for
        status = self._process.wait()
        if status >= 0:
            return f"it ended with exit status {status}"
        return f"it was ended by {_name(-status)}"

    @property
    def ended_well(self) -> bool:
        """As it was asked to; before it listens for the question, a process just ends by it."""
        return self.leaving and not self.killed and self._process.wait() in {0, -signal.SIGTERM}

    def _listen(self) -> None:
        with suppress(EOFError, OSError, msgspec.MsgspecError), self._channel:
            while not self._heard_out:
                self._note(read_report(self._channel.recv_bytes(LONGEST)))

    def _note(self, report: Report) -> None:
        self._silent = 0.0
        self.report = report
        self.was_ready = self.was_ready or report.ready
        self._heard(report)


def start(orders: Orders, heard: Callable[[Report], None]) -> Worker:
    """Start a process for these orders; `heard` is called for each report, by another thread."""
    ours, its = Pipe()
    with its:
        process = subprocess.Popen(
            [*own_program("edge.workers.program"), str(its.fileno()), str(getpid())],
            stdin=subprocess.DEVNULL,
            pass_fds=(its.fileno(),),
            # Ctrl-C in the terminal is for the supervisor, which tells the workers.
            start_new_session=True,
        )
    with suppress(OSError):  # it has ended already, and will be found so
        ours.send_bytes(write(orders))
    return Worker(process, ours, heard)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
