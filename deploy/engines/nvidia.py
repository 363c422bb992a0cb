"""The one door to TensorRT and to TensorRT for RTX: two libraries with the same names in them.

Whatever follows says `trt`. What it is at run time is said by `use`; type checkers take it for
TensorRT, where that is installed.
"""

from typing import TYPE_CHECKING, Any

from deploy.bundle.errors import MissingDriver
from deploy.engines.kinds import EngineKind

__all__ = ["NVIDIA", "trt", "use", "version"]

_EXTRAS = {"tensorrt": "gpu", "tensorrt-rtx": "rtx"}
NVIDIA = tuple(_EXTRAS)


class _Chosen:
    """Stands for the library in use. A process works with one of them at a time."""

    module: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)


if TYPE_CHECKING:
    import tensorrt as trt
else:
    trt = _Chosen()


def use(kind: EngineKind) -> None:
    """Let `trt` stand for the library of this kind of engine.

    Raises:
        MissingDriver: it is not installed, or does not load.
    """
    try:
        if kind == "tensorrt":
            import tensorrt

            _Chosen.module = tensorrt
        else:
            import tensorrt_rtx_bindings

            _Chosen.module = tensorrt_rtx_bindings
    except ImportError:
        raise MissingDriver(kind, _EXTRAS[kind]) from None


def version(kind: EngineKind) -> str:
    """Name and version of the library, such as `tensorrt 10.3.0`.

    Raises:
        MissingDriver: it is not installed, or does not load.
    """
    use(kind)
    return f"{kind} {trt.__version__}"
