"""What NVIDIA's libraries have to say goes where everything of ours goes.

A library takes one logger for the whole process, that of its first builder or runtime, and calls it
for ever. So there is one, which is never let go, and `listening` says who hears it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from deploy.engines.nvidia import trt

if TYPE_CHECKING:
    import tensorrt


def _nobody(_: str) -> None:
    """Warnings that nobody asked for."""


@dataclass(slots=True)
class _Listener:
    tell: Callable[[str], None] = _nobody
    errors: list[str] = field(default_factory=list)


_listener = _Listener()


@contextmanager
def listening(tell: Callable[[str], None]) -> Iterator[list[str]]:
    """Hear warnings, and collect errors in the list that this gives."""
    _listener.tell, _listener.errors = tell, []
    try:
        yield _listener.errors
    finally:
        _listener.tell, _listener.errors = _nobody, []


def last_error() -> str:
    """What a library complained of last; empty if it never did."""
    return _listener.errors[-1] if _listener.errors else ""


def logger() -> "tensorrt.ILogger":
    """The logger of the library in use."""
    return _made_for(trt.__name__)


@cache
def _made_for(_library: str) -> "tensorrt.ILogger":
    class Logger(trt.ILogger):
        def __init__(self) -> None:
            # pybind11 needs the base's own initialiser, called by name.
            trt.ILogger.__init__(self)

        def log(self, severity: "tensorrt.ILogger.Severity", msg: str) -> None:
            if severity in {trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR}:
                _listener.errors.append(msg)
            elif severity == trt.ILogger.Severity.WARNING:
                _listener.tell(f"builder: {msg}")

    return Logger()
