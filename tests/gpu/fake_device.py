"""A GPU that does nothing before it is waited for, and tells when a rule is broken.

What is asked of a stream is done when somebody waits for it, and no sooner. So whoever reads too
early finds poison, and whoever writes too early is caught. Its memory is ordinary memory at
ordinary addresses, in which the resize kernel's own source, compiled for the CPU, does the work.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from deploy.bundle.errors import Unavailable
from deploy.bundle.pixels import Pixels
from deploy.engines.gpu.device import Argument
from deploy.engines.gpu.jobs import COLOURS, JOB
from tests.gpu.host_kernel import HostKernel

POISON = 0xA5


class RuleBroken(AssertionError):  # noqa: N818 - it says what was done
    """The code under test did what a GPU would punish, or silently get wrong."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from `start` up to, not including, `end`."""

    start: int
    end: int

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Work:
    """Something that was asked of a stream, and the memory of the GPU that it touches."""

    do: Callable[[], None]
    reads: tuple[Span, ...] = ()
    writes: tuple[Span, ...] = ()

    def conflicts(self, other: "Work") -> bool:
        ours, theirs = (*self.reads, *self.writes), (*other.reads, *other.writes)
        return any(one.overlaps(two) for one in self.writes for two in theirs) or any(
            one.overlaps(two) for one in other.writes for two in ours
        )


class FakeStream:
    def __init__(self, device: "FakeDevice", handle: int) -> None:
        self._device = device
        self.handle = handle
        self.pending: list[Work] = []
        device.held += 1

    def ask(self, work: Work) -> None:
        self._device.check_current()
        for other in self._device.streams:
            if other is not self and any(work.conflicts(theirs) for theirs in list(other.pending)):
                raise RuleBroken("two streams touch the same memory, and neither waits")
        self.pending.append(work)

    def synchronize(self) -> None:
        self._device.check_current()
        self._device.waits += 1
        self.drain()

    def close(self) -> None:
        self._device.check_current()
        if self.pending:
            raise RuleBroken("a stream is closed on which something is under way")
        self._device.held -= 1

    def drain(self) -> None:
        while self.pending:
            work = self.pending[0]
            try:
                work.do()
            finally:
                self.pending.pop(0)


class FakeEvent:
    """Its moment is told by a clock that counts works done."""

    def __init__(self, device: "FakeDevice") -> None:
        self._device = device
        self._stream: FakeStream | None = None
        device.held += 1
        self._at: float | None = None

    def record(self, stream: Any) -> None:
        self._at, self._stream = None, stream
        stream.ask(Work(self._come))

    def wait(self) -> None:
        self._device.check_current()
        self._device.waits += 1
        if self._stream is None:
            raise RuleBroken("an event is waited for that was never recorded")
        self._device.before_wait()
        self._stream.drain()

    def seconds_since(self, earlier: Any) -> float:
        self._device.check_current()
        if self._at is None or earlier._at is None:
            raise RuleBroken("the time of an event is asked for before it came")
        return float(self._at - earlier._at)

    def close(self) -> None:
        self._device.check_current()
        self._device.held -= 1

    def _come(self) -> None:
        self._at = next(self._device.ticks) / 1000


class FakeMirror:
    def __init__(self, device: "FakeDevice", size: int) -> None:
        self._device = device
        self.host: Pixels = np.full(size, POISON, np.uint8)
        self.memory: Pixels = np.full(size, POISON, np.uint8)
        self.address = int(self.memory.ctypes.data)
        self.freed = False

    @property
    def span(self) -> Span:
        return Span(self.address, self.address + len(self.memory))

    def to_device(self, start: int, end: int, stream: Any) -> None:
        seen = self.host[start:end].copy()

        def copy() -> None:
            self._check()
            if not np.array_equal(seen, self.host[start:end]):
                raise RuleBroken("the host wrote what a copy to the GPU had yet to read")
            self.memory[start:end] = seen

        stream.ask(Work(copy, writes=(Span(self.address + start, self.address + end),)))

    def to_host(self, start: int, end: int, stream: Any) -> None:
        self.host[start:end] = POISON

        def copy() -> None:
            self._check()
            self.host[start:end] = self.memory[start:end]

        stream.ask(Work(copy, reads=(Span(self.address + start, self.address + end),)))

    def free(self) -> None:
        self._device.check_current()
        self._check()
        if any(
            work_touches(work, self.span) for each in self._device.streams for work in each.pending
        ):
            raise RuleBroken("memory is freed that something under way uses")
        self.freed = True
        self.memory[:] = POISON

    def _check(self) -> None:
        if self.freed:
            raise RuleBroken("memory is used that was freed")


def work_touches(work: Work, span: Span) -> bool:
    return any(each.overlaps(span) for each in (*work.reads, *work.writes))


@dataclass
class FakeKernel:
    device: "FakeDevice"
    host: HostKernel

    def launch(
        self,
        grid: tuple[int, int, int],
        block: tuple[int, int, int],
        arguments: Sequence[Argument],
        stream: Any,
    ) -> None:
        jobs, batch, width, height, grey = (int(each) for each in arguments)
        if grid[0] * block[0] < width or grid[1] * block[1] < height:
            raise RuleBroken(f"blocks of {block} in a grid of {grid} leave out pixels")
        table, all_places = self.device.span_at(jobs), self.device.span_at(batch)
        if jobs + grid[2] * JOB.itemsize > table.end:
            raise RuleBroken("the kernel reads jobs beyond its memory")
        places = (all_places.end - batch) // (width * height * COLOURS)

        def work() -> None:
            self.device.launches += 1
            self.device.meet("launch")
            self.host.launch(jobs, grid[2], batch, (width, height), grey)

        written = Span(batch, batch + places * width * height * COLOURS)
        stream.ask(Work(work, (Span(jobs, jobs + grid[2] * JOB.itemsize),), (written,)))

    def close(self) -> None:
        self.device.check_current()


@dataclass
class FakeDevice:
    """`failures` maps a point (`launch`, `infer`, `wait`, `mirror`) to what happens there, once."""

    host: HostKernel
    chip: int = 87
    room: int = 1 << 30
    """Bytes that may be taken."""
    failures: dict[str, Exception] = field(default_factory=dict)
    before_wait: Callable[[], None] = lambda: None
    streams: list[FakeStream] = field(default_factory=list)
    mirrors: list[FakeMirror] = field(default_factory=list)
    stacks: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    ticks: Iterator[int] = field(default_factory=count)
    launches: int = 0
    waits: int = 0
    steady: bool = False
    """Nothing may be taken any more."""
    held: int = 0
    """Streams and events that were not closed."""

    @contextmanager
    def current(self) -> Iterator[None]:
        me = threading.get_ident()
        self.stacks[me] += 1
        try:
            yield
        finally:
            self.stacks[me] -= 1

    def check_current(self) -> None:
        if not self.stacks[threading.get_ident()]:
            raise RuleBroken("a thread uses the GPU without its context")

    def meet(self, point: str) -> None:
        if point in self.failures:
            raise self.failures.pop(point)

    def mirror(self, size: int) -> FakeMirror:
        self._take("memory")
        self.meet("mirror")
        taken = sum(len(each.memory) for each in self.mirrors if not each.freed)
        if taken + size > self.room:
            raise Unavailable(f"the GPU has no {size} bytes left")
        self.mirrors.append(FakeMirror(self, size))
        return self.mirrors[-1]

    def stream(self) -> FakeStream:
        self._take("a stream")
        self.streams.append(FakeStream(self, len(self.streams) + 1))
        return self.streams[-1]

    def event(self) -> FakeEvent:
        self._take("an event")
        return FakeEvent(self)

    def kernel(self, name: str) -> FakeKernel:
        assert name == "resize"
        self._take("a kernel")
        self.meet("kernel")
        return FakeKernel(self, self.host)

    def span_at(self, address: int) -> Span:
        """The memory that an address lies in, up to its end."""
        for mirror in self.mirrors:
            if mirror.span.start <= address < mirror.span.end:
                if mirror.freed:
                    raise RuleBroken("memory is used that was freed")
                return Span(address, mirror.span.end)
        raise RuleBroken(f"nobody took memory at {address}")

    def check_clean(self) -> None:
        """Nothing of the GPU is held, by anybody."""
        if any(self.stacks.values()):
            raise RuleBroken("a thread left a context on its stack: at its end the process dies")
        if any(not mirror.freed for mirror in self.mirrors):
            raise RuleBroken("memory was never freed")
        if self.held:
            raise RuleBroken("a stream or an event was never closed")
        if any(stream.pending for stream in self.streams):
            raise RuleBroken("something is still under way")

    def _take(self, what: str) -> None:
        self.check_current()
        if self.steady:
            raise RuleBroken(f"{what} was taken in the steady state")
