"""The one door to pycuda: a GPU's name, its memory, its streams.

Not proven: no NVIDIA GPU was at hand when this was written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from deploy.bundle.errors import Fatal, MissingDriver, Unavailable


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

    @contextmanager
    def current(self) -> Iterator[None]:
        """Work on the GPU. Contexts are stacked for each thread, and a thread that ends with one on
        its stack ends the process: so none stays there longer than it is used.
        """
        self.context.push()
        try:
            yield
        finally:
            self.context.pop()

    def allocate(self, size: int) -> Any:
        """Device memory of `size` bytes.

        Raises:
            Unavailable: there is not so much now.
        """
        try:
            return self.driver.mem_alloc(size)
        except self.driver.MemoryError as error:
            raise Unavailable(f"the GPU has no {size} bytes left: {error}") from error

    def used(self) -> int:
        """Bytes of its memory that are in use, by whomever."""
        with self.current():
            free, total = self.driver.mem_get_info()
        return int(total) - int(free)


def open_gpu() -> Gpu:
    """Take the first GPU.

    Raises:
        Fatal: there is none, or its driver does not answer.
        MissingDriver: pycuda is not installed.
    """
    device = _first_device()
    return Gpu(_driver(), device.retain_primary_context())


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
    except ImportError:
        raise MissingDriver("pycuda", "gpu") from None
    return pycuda.driver
