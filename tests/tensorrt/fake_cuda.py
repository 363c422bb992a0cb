"""A GPU that is not there, behind the names of `pycuda.driver` that Yardlight uses.

What is put on a stream happens when the stream is waited for, and not before: whoever reads too
early reads what was there. Nothing works in a thread without a current context, as on the real one.
"""

import threading
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np

_BASE, _STEP, _TOTAL = 0x7000_0000, 0x10_0000, 1 << 30


class Error(Exception):
    """As in pycuda, the root of the driver's errors."""


class LogicError(Error):
    """What was asked for makes no sense here."""


class MemoryError(Error):  # noqa: A001 - its name in pycuda
    """There is not so much memory left."""


_current = threading.local()


def depth() -> int:
    """How many contexts lie on this thread's stack."""
    return len(getattr(_current, "stack", []))


def _require_context() -> None:
    if not depth():
        raise LogicError("invalid device context")


class Context:
    def push(self) -> None:
        _current.stack = [*getattr(_current, "stack", []), self]

    @staticmethod
    def pop() -> None:
        _require_context()
        _current.stack = _current.stack[:-1]


class Device:
    def __init__(self, number: int) -> None:
        assert number == 0

    def name(self) -> str:
        return "Pretended"

    def compute_capability(self) -> tuple[int, int]:
        return 8, 7

    def retain_primary_context(self) -> Context:
        return Context()

    def get_attribute(self, attribute: str) -> int:
        """Its memory is not the host's."""
        assert attribute == "integrated"
        return 0


class Memory:
    """Device memory; its number is its address."""

    held: ClassVar[dict[int, bytearray]] = {}
    given: ClassVar[int] = 0

    def __init__(self, size: int) -> None:
        assert size < _STEP
        Memory.given += 1
        self.address = _BASE + _STEP * Memory.given
        Memory.held[self.address] = bytearray(size)

    def __int__(self) -> int:
        return self.address

    def free(self) -> None:
        _require_context()
        del Memory.held[self.address]


class Pinned:
    """Memory of the host that numpy's array is a view of."""

    def __init__(self, size: int) -> None:
        self._bytes = np.zeros(size, np.uint8)
        self.__array_interface__ = self._bytes.__array_interface__

    def free(self) -> None:
        _require_context()


class Stream:
    by_handle: ClassVar[dict[int, "Stream"]] = {}

    def __init__(self) -> None:
        _require_context()
        self.handle = len(Stream.by_handle) + 1
        Stream.by_handle[self.handle] = self
        self.waiting: list[Callable[[], None]] = []
        self.steps = 0

    def add(self, work: Callable[[], None]) -> None:
        self.waiting.append(work)

    def synchronize(self) -> None:
        _require_context()
        waiting, self.waiting = self.waiting, []
        for work in waiting:
            work()
            self.steps += 1


class Event:
    """Its time is the number of steps that its stream had taken."""

    def __init__(self, _: int = 0) -> None:
        _require_context()
        self.at: int | None = None
        self._stream: Stream | None = None

    def record(self, stream: Stream) -> None:
        self.at, self._stream = None, stream
        stream.add(lambda: setattr(self, "at", stream.steps))

    def synchronize(self) -> None:
        assert self._stream is not None, "it was never recorded"
        self._stream.synchronize()

    def time_since(self, earlier: "Event") -> float:
        """Milliseconds."""
        _require_context()
        if self.at is None or earlier.at is None:
            raise Error("device not ready")
        return float(self.at - earlier.at)


def init() -> None:
    """Begin."""


def mem_alloc(size: int) -> Memory:
    _require_context()
    if size > mem_get_info()[0]:
        raise MemoryError("out of memory")
    return Memory(size)


def mem_get_info() -> tuple[int, int]:
    _require_context()
    return _TOTAL - sum(map(len, Memory.held.values())), _TOTAL


def pagelocked_empty(size: int, dtype: Any, mem_flags: int = 0) -> Any:
    _require_context()
    assert dtype is np.uint8
    assert not mem_flags
    return np.asarray(Pinned(size))


def memcpy_htod_async(to: int, source: Any, stream: Stream) -> None:
    _require_context()
    assert source.flags.c_contiguous
    stream.add(lambda: _write(to, source.tobytes()))


def memcpy_dtoh_async(to: Any, source: int, stream: Stream) -> None:
    _require_context()
    assert to.flags.c_contiguous
    stream.add(lambda: _read(to, source))


def at(address: int) -> memoryview:
    """What lies on the device from an address on, to the end of what was taken there.

    Raises:
        LookupError: nothing was taken there.
    """
    # Another thread may take room meanwhile.
    for start, held in list(Memory.held.items()):
        if start <= address < start + len(held):
            return memoryview(held)[address - start :]
    raise LookupError(hex(address))


def _write(address: int, data: bytes) -> None:
    room = at(address)
    assert len(data) <= len(room), "more is copied than there is room for"
    room[: len(data)] = data


def _read(to: Any, address: int) -> None:
    flat = np.frombuffer(at(address), np.uint8)[: to.nbytes]
    to.view(np.uint8).reshape(-1)[:] = flat


def module() -> ModuleType:
    """These names as a module `pycuda.driver`, with nothing on the device."""
    Memory.held.clear()
    Stream.by_handle.clear()
    made = ModuleType("pycuda.driver")
    names = (
        *(Error, LogicError, MemoryError, Device, Stream, Event, init, mem_alloc, mem_get_info),
        *(memcpy_htod_async, memcpy_dtoh_async, pagelocked_empty),
    )
    made.event_flags = SimpleNamespace(BLOCKING_SYNC=1)  # type: ignore[attr-defined]
    made.host_alloc_flags = SimpleNamespace(DEVICEMAP=2)  # type: ignore[attr-defined]
    made.device_attribute = SimpleNamespace(INTEGRATED="integrated")  # type: ignore[attr-defined]
    vars(made).update({name.__name__: name for name in names})
    return made
