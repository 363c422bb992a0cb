"""Ctrl-C and SIGTERM, heard at once and obeyed between two steps.

In the midst of a step half of the weights have moved: nothing that could be kept.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_HEARD = (signal.SIGINT, signal.SIGTERM)
_SAME = 1.0
"""Seconds within which signals are one: torchrun passes on what the terminal has sent already."""


class Interruption:
    """What was asked for, if anything; a second Ctrl-C is obeyed at once."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._asked: int | None = None
        self._since = 0.0
        self._before: dict[int, Any] = {}

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Within, signals are noted. From another thread than the main one they cannot be; what is
        ignored, as Ctrl-C is in the background, stays ignored.
        """
        heard = [number for number in _HEARD if signal.getsignal(number) is not signal.SIG_IGN]
        try:
            self._before = {number: signal.signal(number, self._note) for number in heard}
        except ValueError:
            self._before = {}
        try:
            yield
        finally:
            self._restore()

    @property
    def is_asked(self) -> bool:
        return self._asked is not None

    def obey(self) -> None:
        """Do what the signal would have done without us: KeyboardInterrupt, or the end."""
        self._restore()
        signal.raise_signal(self._asked or signal.SIGINT)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self._asked is None:
            self._asked, self._since = number, self._now()
        elif self._now() - self._since > _SAME:
            self.obey()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
