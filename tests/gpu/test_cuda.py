"""The door to pycuda: whatever is wrong with a GPU is one sentence, of the right kind."""

import builtins
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from deploy.bundle.errors import Fatal, MissingDriver, Unavailable
from deploy.engines.cuda import gpu_name, open_gpu
from deploy.engines.gpu.kernels import images
from tests.gpu import fake_pycuda
from tests.gpu.fake_pycuda import Driver, install


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    return install(monkeypatch, Driver())


def refusing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Callable[[], None]:
    """`import pycuda.driver` fails."""
    real = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("pycuda"):
            raise error
        return real(name, *rest, **more)

    for name in ("pycuda", "pycuda.driver"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)
    return monkeypatch.undo


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (
            ModuleNotFoundError("No module named 'pycuda'"),
            MissingDriver,
            r"pycuda is not inst.*gpu",
        ),
        (
            ImportError("libcuda.so.1: cannot open shared object file"),
            Fatal,
            r"no NVIDIA driver is installed here \(libcuda\.so\.1\)",
        ),
        (
            ImportError("_driver.so: undefined symbol: cuCtxCreate_v4"),
            Fatal,
            "driver is too old for the installed pycuda: install a newer one",
        ),
        (ImportError("numpy is broken"), Fatal, "pycuda does not load: numpy is broken"),
    ],
)
def test_what_keeps_pycuda_from_loading_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception], sentence: str
) -> None:
    undo = refusing(monkeypatch, error)
    with pytest.raises(kind, match=sentence):
        open_gpu()
    assert gpu_name() == "no NVIDIA GPU"
    undo()


def test_a_driver_without_a_gpu_is_one_sentence(driver: Driver) -> None:
    driver.failing["init"] = fake_pycuda.Error("cuInit failed: no CUDA-capable device is detected")
    with pytest.raises(Fatal, match=r"no NVIDIA GPU answers here .*no CUDA-capable device"):
        open_gpu()


def test_a_gpu_tells_its_name_and_its_chip(driver: Driver) -> None:
    assert gpu_name() == "Orin 8.7"
    assert open_gpu().chip == 87
    assert driver.context.depth == 0


def test_the_context_leaves_the_thread_whatever_happened(driver: Driver) -> None:
    gpu = open_gpu()
    depths = []

    def fail() -> None:
        with gpu.current():
            depths.append(driver.context.depth)
            raise ValueError("odd")

    with pytest.raises(ValueError, match="odd"):
        fail()
    assert depths == [1]
    assert driver.context.depth == 0


@pytest.mark.parametrize("call", ["mem_alloc", "pagelocked_empty"])
def test_out_of_memory_may_be_tried_again_and_leaves_nothing_pinned(
    driver: Driver, call: str
) -> None:
    driver.failing[call] = fake_pycuda.MemoryError("cuMemAlloc failed: out of memory")
    with pytest.raises(Unavailable, match="the GPU has no 4096 bytes left"):
        open_gpu().mirror(4096)
    assert all(pinned.freed for pinned in driver.pinned)


def test_a_lost_gpu_ends_the_process_and_says_where_to_look(driver: Driver) -> None:
    driver.failing["synchronize"] = fake_pycuda.LaunchError("cuStreamSynchronize: launch failed")
    gpu = open_gpu()
    with pytest.raises(Fatal, match=r"cannot use it any more and ends.*`NVRM: Xid`"), gpu.current():
        gpu.stream().synchronize()
    assert driver.context.depth == 0


def test_memory_is_pinned_here_and_taken_there_and_both_are_freed(driver: Driver) -> None:
    gpu = open_gpu()
    mirror = gpu.mirror(64)
    assert (len(mirror.host), mirror.host.dtype) == (64, np.dtype(np.uint8))
    mirror.to_device(16, 48, gpu.stream())
    assert driver.copies == [(mirror.address + 16, 32)]
    mirror.free()
    assert mirror.memory.freed
    assert mirror.pinned.freed


def test_a_chip_gets_the_kernel_that_was_compiled_for_it(driver: Driver) -> None:
    assert open_gpu().kernel("resize").function == "function resize"
    assert driver.loaded == [len(images.recorded()[0].content())]


def test_a_new_chip_under_an_old_driver_gets_what_that_can_translate(driver: Driver) -> None:
    driver.capability, driver.refused = (12, 0), 1
    open_gpu().kernel("resize")
    newest, oldest = (len(made.content()) for made in reversed(images.recorded()))
    assert driver.loaded == [newest, oldest]


def test_a_chip_that_no_kernel_is_compiled_for_is_one_sentence(driver: Driver) -> None:
    driver.capability, driver.refused = (8, 7), 2
    with pytest.raises(Fatal) as caught:
        open_gpu().kernel("resize")
    assert str(caught.value) == (
        "no kernel of ours is compiled for this GPU (compute capability 8.7) and driver "
        "(CUDA 12.6): install a newer driver (cuda12.fatbin: cuModuleLoadDataEx failed: no kernel "
        "image is available for execution)"
    )


def test_the_primary_context_is_retained_once_in_a_process(driver: Driver) -> None:
    assert open_gpu() is open_gpu()
    assert driver.retained == 1
