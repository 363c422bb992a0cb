"""What the GPU path asks of a GPU: contexts, memory, streams, events, one kernel.

`deploy/engines/cuda.py` gives it with pycuda. Tests give a device that tells when a rule of streams
or contexts is broken.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

import numpy as np

from deploy.bundle.pixels import Pixels

Argument: TypeAlias = np.uint64 | np.int32
"""Of a kernel: an address or a number."""


class Stream(Protocol):
    """What is asked on one stream is done in that order; what is asked on another, whenever."""

    @property
    def handle(self) -> int:
        """As every other library in the process takes it."""

    def synchronize(self) -> None:
        """Wait until all that was asked is done.

        Raises:
            Fatal: the GPU is lost.
        """

    def close(self) -> None:
        """Nothing may be under way on it."""


class Event(Protocol):
    """A moment of a stream."""

    def record(self, stream: Stream) -> None:
        """The moment is when all that was asked of the stream up to now is done."""

    def wait(self) -> None:
        """Sleep until then; other threads run meanwhile.

        Raises:
            Fatal: the GPU is lost.
        """

    def seconds_since(self, earlier: "Event") -> float:
        """Both moments have come."""

    def close(self) -> None: ...


class Mirror(Protocol):
    """Memory of the GPU and as much of the host, pinned, laid out alike."""

    @property
    def host(self) -> Pixels:
        """All of the host's side, uint8 [size]."""

    @property
    def address(self) -> int:
        """Where the GPU's side begins."""

    def to_device(self, start: int, end: int, stream: Stream) -> None:
        """Ask for these bytes to be copied; the host must not write them before that is done."""

    def to_host(self, start: int, end: int, stream: Stream) -> None:
        """Ask for these bytes to be copied; the host must not read them before that is done."""

    def free(self) -> None:
        """Nothing under way may use it any more."""


class Kernel(Protocol):
    """A function of ours on the GPU."""

    def launch(
        self,
        grid: tuple[int, int, int],
        block: tuple[int, int, int],
        arguments: Sequence[Argument],
        stream: Stream,
    ) -> None:
        """Ask for it to be run."""

    def close(self) -> None: ...


class Device(Protocol):
    """One GPU. Whatever is done with it or with what was taken from it, freeing and closing too, is
    done within `current`: pycuda never gives back what is let go of elsewhere.
    """

    @property
    def chip(self) -> int:
        """Compute capability as a whole number: 87 is 8.7."""

    def current(self) -> AbstractContextManager[None]:
        """Have this thread work on it, and leave nothing behind on the thread."""

    def mirror(self, size: int) -> Mirror:
        """Take memory.

        Raises:
            Unavailable: there is not so much now.
        """

    def stream(self) -> Stream: ...

    def event(self) -> Event: ...

    def kernel(self, name: str) -> Kernel:
        """One of our compiled kernels.

        Raises:
            Fatal: none is compiled for this chip and this driver.
        """
