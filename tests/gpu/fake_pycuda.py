"""As much of `pycuda.driver` as its door uses, on a machine without a GPU."""

import sys
import types
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest


class Error(Exception):
    """The root of pycuda's errors."""


class MemoryError(Error):  # noqa: A001 - pycuda's own name
    """Out of memory."""


class LaunchError(Error):
    """A kernel failed; the context is of no use any more."""


@dataclass
class Base:
    """What a pinned array is a view of."""

    freed: bool = False

    def free(self) -> None:
        self.freed = True


class Pinned(np.ndarray[Any, np.dtype[np.uint8]]):
    """numpy's own arrays take no `base` of ours."""

    _pinned: Base

    @property
    def base(self) -> Any:
        return self._pinned


@dataclass
class Allocation:
    address: int
    freed: bool = False

    def __int__(self) -> int:
        return self.address

    def free(self) -> None:
        self.freed = True


@dataclass
class Context:
    depth: int = 0

    def push(self) -> None:
        self.depth += 1

    def pop(self) -> None:
        self.depth -= 1


@dataclass
class Device:
    driver: "Driver"

    def name(self) -> str:
        return "Orin"

    def compute_capability(self) -> tuple[int, int]:
        return self.driver.capability

    def get_attribute(self, _: str) -> int:
        return 0

    def retain_primary_context(self) -> Context:
        self.driver.retained += 1
        return self.driver.context


@dataclass
class Stream:
    driver: "Driver"
    handle: int = 7

    def synchronize(self) -> None:
        self.driver.fail("synchronize")


@dataclass(eq=False)
class Driver:
    """`failing` maps a call to the error that it raises, each time."""

    capability: tuple[int, int] = (8, 7)
    version: int = 12060
    failing: dict[str, Exception] = field(default_factory=dict)
    context: Context = field(default_factory=Context)
    retained: int = 0
    pinned: list[Base] = field(default_factory=list)
    loaded: list[int] = field(default_factory=list)
    """Sizes of the modules that were asked for."""
    refused: int = 0
    """So many modules are refused first."""
    copies: list[tuple[int, int]] = field(default_factory=list)
    Error: Any = Error
    MemoryError: Any = MemoryError
    device_attribute: Any = field(default_factory=lambda: types.SimpleNamespace(INTEGRATED="i"))
    host_alloc_flags: Any = field(default_factory=lambda: types.SimpleNamespace(DEVICEMAP=2))
    event_flags: Any = field(default_factory=lambda: types.SimpleNamespace(BLOCKING_SYNC=1))

    def fail(self, call: str) -> None:
        if call in self.failing:
            raise self.failing[call]

    def init(self) -> None:
        self.fail("init")

    def Device(self, _: int) -> Device:  # noqa: N802 - pycuda's own name
        return Device(self)

    def Stream(self) -> Stream:  # noqa: N802
        return Stream(self)

    def get_driver_version(self) -> int:
        return self.version

    def pagelocked_empty(self, size: int, dtype: Any, mem_flags: int) -> Any:
        self.fail("pagelocked_empty")
        assert mem_flags in (0, 2)
        array = np.empty(size, dtype).view(Pinned)
        array._pinned = Base()
        self.pinned.append(array._pinned)
        return array

    def mem_alloc(self, size: int) -> Allocation:
        self.fail("mem_alloc")
        return Allocation(4096 * size)

    def memcpy_htod_async(self, to: int, what: Any, _: Any) -> None:
        self.copies.append((to, len(what)))

    def module_from_buffer(self, content: bytes) -> Any:
        self.loaded.append(len(content))
        if len(self.loaded) <= self.refused:
            raise Error("cuModuleLoadDataEx failed: no kernel image is available for execution")
        return types.SimpleNamespace(get_function=lambda name: f"function {name}")


def install(monkeypatch: pytest.MonkeyPatch, driver: Driver) -> Driver:
    """`import pycuda.driver` finds this one."""
    package = types.ModuleType("pycuda")
    monkeypatch.setattr(package, "driver", driver, raising=False)
    monkeypatch.setitem(sys.modules, "pycuda", package)
    monkeypatch.setitem(sys.modules, "pycuda.driver", driver)
    return driver
