"""The one door to pycuda: a GPU's name, its memory, its streams, our kernels.

Not proven on a GPU: none was at hand when this was written. `docs/gpu-nodes.md` says what was
executed, and how far.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NoReturn, TypeAlias

import numpy as np

from deploy.bundle.errors import Fatal, MissingDriver, Unavailable
from deploy.bundle.pixels import Pixels
from deploy.engines.gpu.device import Argument
from deploy.engines.gpu.kernels import images

_MILLISECOND = 1e-3
_Grid: TypeAlias = tuple[int, int, int]


def gpu_name() -> str:
    """Name and compute capability of the GPU, such as `Orin 8.7`; says so where there is none."""
    try:
        device = _first_device()
    except Fatal:  # pycuda missing counts too: without it no plan runs here
        return "no NVIDIA GPU"
    major, minor = device.compute_capability()
    return f"{device.name()} {major}.{minor}"


@dataclass(frozen=True, slots=True)
class Gpu:
    """The primary context of the first GPU, which every library in the process shares."""

    driver: Any = field(repr=False)
    context: Any = field(repr=False)
    chip: int
    """Compute capability as a whole number: 87 is 8.7."""
    shares_memory: bool
    """With the host, as on Jetson: nothing is copied then."""

    @contextmanager
    def current(self) -> Iterator[None]:
        """Work on the GPU. Contexts are stacked for each thread, and a thread that ends with one on
        its stack ends the process: so none stays there longer than it is used.
        """
        with _told(self.driver):
            self.context.push()
            try:
                yield
            finally:
                self.context.pop()

    def mirror(self, size: int) -> "PinnedMirror":
        flags = self.driver.host_alloc_flags.DEVICEMAP if self.shares_memory else 0
        with _told(self.driver, f"{size} bytes"):
            host = self.driver.pagelocked_empty(size, np.uint8, mem_flags=flags)
            if self.shares_memory:
                address = int(host.base.get_device_pointer())
                return PinnedMirror(self.driver, host, host.base, None, address)
            try:
                memory = self.driver.mem_alloc(size)
            except self.driver.Error:
                host.base.free()  # here, where the context is current
                raise
            return PinnedMirror(self.driver, host, host.base, memory, int(memory))

    def stream(self) -> "GpuStream":
        return GpuStream(self.driver, self.driver.Stream())

    def event(self) -> "GpuEvent":
        blocking = self.driver.event_flags.BLOCKING_SYNC  # a thread that spins takes a core
        return GpuEvent(self.driver, self.driver.Event(blocking))

    def kernel(self, name: str) -> "GpuKernel":
        module = self._module()
        return GpuKernel(self.driver, module, module.get_function(name))

    def used(self) -> int:
        """Bytes of its memory that are in use, by whomever."""
        with self.current():
            free, total = self.driver.mem_get_info()
        return int(total) - int(free)

    def _module(self) -> Any:
        """The first of our fat binaries that this chip and this driver take."""
        refusals = []
        for made in images.for_chip(self.chip, images.recorded()):
            try:
                return self.driver.module_from_buffer(made.content())
            except self.driver.Error as error:
                refusals.append(f"{made.name}: {error}")
        raise Fatal(
            f"no kernel of ours is compiled for this GPU (compute capability {self.chip / 10:.1f}) "
            f"and driver ({driver_version(self.driver)}): install a newer driver "
            f"({'; '.join(refusals)})"
        )


@dataclass(slots=True)
class GpuStream:
    driver: Any = field(repr=False)
    stream: Any = field(repr=False)
    """pycuda destroys it once nobody holds it, if its context is current then."""

    @property
    def handle(self) -> int:
        return int(self.stream.handle)

    def synchronize(self) -> None:
        with _told(self.driver):
            self.stream.synchronize()

    def close(self) -> None:
        self.stream = None


@dataclass(slots=True)
class GpuEvent:
    driver: Any = field(repr=False)
    event: Any = field(repr=False)

    def record(self, stream: Any) -> None:
        with _told(self.driver):
            self.event.record(stream.stream)

    def wait(self) -> None:
        with _told(self.driver):
            self.event.synchronize()

    def seconds_since(self, earlier: Any) -> float:
        with _told(self.driver):
            return float(self.event.time_since(earlier.event)) * _MILLISECOND

    def close(self) -> None:
        self.event = None


@dataclass(frozen=True, slots=True)
class PinnedMirror:
    driver: Any = field(repr=False)
    host: Pixels = field(repr=False)
    pinned: Any = field(repr=False)
    """What `host` is a view of."""
    memory: Any = field(repr=False)
    """None where the GPU works in the host's memory."""
    address: int

    def to_device(self, start: int, end: int, stream: Any) -> None:
        if self.memory is not None:
            with _told(self.driver):
                target = self.address + start
                self.driver.memcpy_htod_async(target, self.host[start:end], stream.stream)

    def to_host(self, start: int, end: int, stream: Any) -> None:
        if self.memory is not None:
            with _told(self.driver):
                source = self.address + start
                self.driver.memcpy_dtoh_async(self.host[start:end], source, stream.stream)

    def free(self) -> None:
        if self.memory is not None:
            self.memory.free()
        self.pinned.free()


@dataclass(slots=True)
class GpuKernel:
    driver: Any = field(repr=False)
    module: Any = field(repr=False)
    """Kept: the function goes with it."""
    function: Any = field(repr=False)

    def launch(self, grid: _Grid, block: _Grid, arguments: Sequence[Argument], stream: Any) -> None:
        with _told(self.driver):
            self.function(*arguments, grid=grid, block=block, stream=stream.stream)

    def close(self) -> None:
        self.function = self.module = None


def open_gpu() -> Gpu:
    """Take the first GPU. Its primary context is retained once and stays until the process ends:
    pycuda leaves a context that it released on the stack of the thread.

    Raises:
        Fatal: there is none, or its driver does not answer.
        MissingDriver: pycuda is not installed.
    """
    return _retained(_driver())


@cache
def _retained(driver: Any) -> Gpu:
    device = _first_device()
    with _told(driver):
        major, minor = device.compute_capability()
        integrated = device.get_attribute(driver.device_attribute.INTEGRATED)
        return Gpu(driver, device.retain_primary_context(), 10 * major + minor, bool(integrated))


def driver_version(driver: Any) -> str:
    """The newest CUDA that the installed driver knows, such as `CUDA 12.6`."""
    number = driver.get_driver_version()
    return f"CUDA {number // 1000}.{number % 1000 // 10}"


@contextmanager
def _told(driver: Any, asked: str = "memory") -> Iterator[None]:
    """Whatever the driver raises, in our words.

    Raises:
        Unavailable: out of memory; another batch may fit, or this one later.
        Fatal: everything else. A context that met an error is of no use any more: whatever is asked
            of it fails with the same error until the process ends.
    """
    try:
        yield
    except driver.MemoryError as error:
        raise Unavailable(f"the GPU has no {asked} left: {error}") from error
    except driver.Error as error:
        _lost(error)


def _lost(error: Exception) -> NoReturn:
    raise Fatal(
        f"the GPU failed ({error}): this process cannot use it any more and ends, so that it is "
        "started anew; the kernel's log tells of it as `NVRM: Xid`"
    ) from error


def _first_device() -> Any:
    driver = _driver()
    try:
        driver.init()
        return driver.Device(0)
    except driver.Error as error:
        raise Fatal(f"no NVIDIA GPU answers here ({error}): this engine needs one") from error


def _driver() -> Any:
    try:
        import pycuda.driver
    except ModuleNotFoundError:
        raise MissingDriver("pycuda", "gpu") from None
    except ImportError as error:
        raise Fatal(_unloadable(str(error))) from error
    return pycuda.driver


def _unloadable(error: str) -> str:
    """pycuda is installed and does not load."""
    if "libcuda.so" in error and "undefined symbol" not in error:
        return "no NVIDIA driver is installed here (libcuda.so.1): this engine needs one"
    if "undefined symbol" in error:
        return (
            f"the NVIDIA driver is too old for the installed pycuda: install a newer one ({error})"
        )
    return f"pycuda does not load: {error}"
