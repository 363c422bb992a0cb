"""A process whose interpreter stands still ends, so that whoever watches over it starts it again.

A library that hangs while it holds the interpreter's lock stops every thread of ours, the one that
looks for hangs among them. The clock that faulthandler runs needs no interpreter.
"""

import faulthandler
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import NoReturn

_WIND_SECONDS = 1.0
_GRACE_SECONDS = 10.0
"""Who can be told of a hang in words is given the time to say them first."""
_STDERR = 2


@contextmanager
def ended_if_frozen(seconds: float) -> Iterator[None]:
    """Within `with`, end the process with status 1, saying where each thread stands, once no Python
    code has run for so long and a while. It is not called off at the end, which may stand still as
    well.
    """
    over = Event()

    def wind() -> None:
        faulthandler.dump_traceback_later(seconds + _GRACE_SECONDS, exit=True, file=_STDERR)

    def wind_on() -> None:
        while not over.wait(_WIND_SECONDS):
            wind()

    wind()
    Thread(target=wind_on, name="guard", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def end_at_once(status: int) -> NoReturn:
    """End the process as it is: a library that is in the midst of its work would crash if it were
    tidied up beneath it.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
