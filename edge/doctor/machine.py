"""Which libraries and drivers for inference this machine has."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from deploy.bundle.errors import MissingDriver
from deploy.engines import openvino
from deploy.engines.device import core_count, cpu_name
from edge.doctor.finding import Finding, fail, ok, warn
from edge.settings.engine import EngineSettings

_DRIVER = Path("/sys/module/nvidia/version")
_JETSON = Path("/proc/device-tree/model")


def check_machine(settings: EngineSettings) -> Iterator[Finding]:
    yield ok("processor", f"{cpu_name()}, {core_count()} cores for this process")
    yield _openvino(settings)
    driver = _driver()
    yield ok("NVIDIA driver", driver or "none: engines run on the processor")
    for package in ("tensorrt", "pycuda"):
        yield _for_a_gpu(package, with_driver=driver is not None)


def _openvino(settings: EngineSettings) -> Finding:
    """Imported in earnest: a package that is there may still not load."""
    try:
        return ok("OpenVINO", openvino.version())
    except MissingDriver as missing:
        if settings.engine == "openvino":
            return fail("OpenVINO", "not installed, and it is the engine asked for", f"{missing}.")
        return warn("OpenVINO", "not installed: ONNX Runtime runs, slower", f"{missing}.")
    except (ImportError, OSError, RuntimeError) as error:
        return fail("OpenVINO", f"does not load: {error}", "Install OpenVINO again.")


def _driver() -> str | None:
    if _DRIVER.exists():
        return _DRIVER.read_text(encoding="utf-8").strip()
    if _JETSON.exists():
        model = _JETSON.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
        return model if "NVIDIA" in model else None
    return None


def _for_a_gpu(package: str, *, with_driver: bool) -> Finding:
    found = _installed(package)
    if found is not None:
        return ok(package, found)
    if with_driver:
        return warn(
            package,
            "not installed, though there is an NVIDIA driver",
            "pip install 'yardlight[gpu]' to use the GPU.",
        )
    return ok(package, "not installed, and no NVIDIA driver to use it with")


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
