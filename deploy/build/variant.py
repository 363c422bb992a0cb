"""The ONNX that an engine of each precision is compiled from: precision lives in the network.

Strongly typed builders compute in the types that the network states, so the same file means the
same arithmetic to each of them.
"""

import importlib
from pathlib import Path

from deploy.bundle.errors import Fatal, MissingDriver
from deploy.bundle.golden import read_golden
from deploy.bundle.manifest import INT8_MODEL, Bundle
from deploy.engines.kinds import EngineKind, Precision

# What each engine computes in, however new the machine is.
_OFFERED: dict[EngineKind, tuple[Precision, ...]] = {
    "onnxruntime": ("fp32", "fp16", "int8"),
    "openvino": ("fp32", "fp16", "bf16", "int8"),
    "tensorrt": ("fp32", "fp16", "bf16", "int8"),
    "tensorrt-rtx": ("fp32", "fp16", "bf16", "int8"),
}


def check_offered(kind: EngineKind, precision: Precision) -> None:
    """Refuse what no machine can build.

    Raises:
        Fatal: the engine has no such precision.
    """
    if precision not in _OFFERED[kind]:
        raise Fatal(
            f"{kind} has no {precision}: it offers {', '.join(_OFFERED[kind])}; "
            f"for {precision} take --engine "
            + " or ".join(name for name, has in _OFFERED.items() if precision in has)
        )


def network_of(bundle: Bundle, kind: EngineKind, precision: Precision) -> bytes:
    """The ONNX to compile.

    Raises:
        MissingDriver: `onnx` is needed to convert the network, and is not installed.
        Fatal: the bundle holds no INT8 network, or its network cannot bear FP16.
    """
    if precision == "int8":
        return _int8(bundle).read_bytes()
    # OpenVINO itself lowers an FP32 network, and keeps in FP32 what must be.
    if precision == "fp32" or kind == "openvino":
        return bundle.model.read_bytes()
    try:
        importlib.import_module("onnx")
    except ImportError:
        raise MissingDriver("onnx", "deploy") from None
    from deploy.quantise.held import half_network

    return half_network(bundle.model, precision, read_golden(bundle).pixels)


def _int8(bundle: Bundle) -> Path:
    path = bundle.folder / INT8_MODEL
    if INT8_MODEL not in bundle.manifest.files:
        raise Fatal(
            f"{bundle.folder} holds no INT8 network: make one with yardlight-deploy quantise "
            f"{bundle.folder} --calibration PHOTOS --out NEW-BUNDLE, and build from that"
        )
    return path
