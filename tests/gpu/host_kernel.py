"""The resize kernel's own source, compiled for this machine's CPU."""

import ctypes
import functools
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import LETTERBOX_GREY, Pixels
from deploy.bundle.placement import Rectangle
from deploy.engines.gpu.jobs import Surface, job, table
from deploy.engines.gpu.kernels.images import SOURCES
from tests.ending import finished
from tests.loudly import NotHere

_HOST = Path(__file__).with_name("resize_host.cpp")
_FLAGS = ("-std=c++11", "-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror")


@dataclass(frozen=True, slots=True)
class HostKernel:
    library: Any

    def launch(self, jobs: int, count: int, batch: int, size: tuple[int, int], grey: int) -> None:
        """As the GPU is told: addresses of the jobs and of the batch, width and height."""
        pointer = ctypes.c_void_p
        self.library.resize(pointer(jobs), count, pointer(batch), *size, grey)

    def resize(self, jobs: NDArray[Any], spec: InputSpec, batch: Pixels) -> None:
        size = (spec.width, spec.height)
        self.launch(jobs.ctypes.data, len(jobs), batch.ctypes.data, size, LETTERBOX_GREY)

    def picture(
        self,
        picture: Pixels,
        spec: InputSpec,
        orientation: int = 1,
        zone: Rectangle | None = None,
    ) -> Pixels:
        """One picture, as it is stored, alone in its batch."""
        batch = np.zeros((1, spec.height, spec.width, 3), np.uint8)
        self.resize(table([job(surface(picture, orientation), spec, 0, zone)]), spec, batch)
        alone: Pixels = batch[0]
        return alone


def surface(picture: Pixels, orientation: int = 1) -> Surface:
    height, width = picture.shape[:2]
    return Surface(picture.ctypes.data, width, height, picture.strides[0], orientation)


@functools.cache
def host_kernel() -> HostKernel:
    """Compiled once for all tests.

    Raises:
        NotHere: there is no g++.
    """
    if shutil.which("g++") is None:
        raise NotHere("the resize kernel's arithmetic is not tested: no g++ here")
    with tempfile.TemporaryDirectory() as place:
        built = Path(place) / "resize.so"
        include = f"-I{SOURCES}"
        finished(["g++", *_FLAGS, include, str(_HOST), "-o", str(built)], check=True)
        return HostKernel(ctypes.CDLL(str(built)))
