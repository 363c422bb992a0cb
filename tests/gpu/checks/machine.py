"""Which GPU, which driver, which packages: what the other figures hold for."""

from importlib.metadata import PackageNotFoundError, version

from deploy.engines.cuda import driver_version, gpu_name, open_gpu
from deploy.engines.device import nvidia_driver
from tests.gpu.checks.report import Figures

_PACKAGES = (
    "pycuda", "cuda-bindings", "tensorrt", "tensorrt-rtx-cu13-libs", "nvidia-nvimgcodec-cu13",
    "nvidia-nvjpeg",
)  # fmt: skip


def check() -> Figures:
    gpu = open_gpu()
    return {
        "gpu": gpu_name(),
        "driver": nvidia_driver(),
        "cuda": driver_version(gpu.driver),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
