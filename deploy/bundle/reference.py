"""The one door to ONNX Runtime: the FP32 reference that every engine is compared with."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.errors import BundleError
from deploy.bundle.manifest import Bundle
from deploy.bundle.pixels import Pixels

Scores: TypeAlias = NDArray[np.float32]

INPUT = "pixels"
PROBABILITIES = "probabilities"
LOGITS = "logits"
_QUIET = 3


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the network gives for N frames and C labels: both float32 [N, C]."""

    probabilities: Scores
    logits: Scores


@dataclass(frozen=True, slots=True)
class Reference:
    """A bundle's `model.onnx` loaded into ONNX Runtime. `run` may be called from many threads."""

    session: Any = field(repr=False)

    def run(self, pixels: Pixels) -> Outputs:
        """Run uint8 [N, H, W, 3] through the network."""
        probabilities, logits = self.session.run([PROBABILITIES, LOGITS], {INPUT: pixels})
        return Outputs(probabilities, logits)

    def probabilities(self, pixels: Pixels) -> Scores:
        """Run uint8 [N, H, W, 3]; only the probabilities, float32 [N, C]."""
        scores: Scores = self.session.run([PROBABILITIES], {INPUT: pixels})[0]
        return scores

    def named(self, pixels: Pixels, names: tuple[str, ...]) -> Mapping[str, Scores]:
        """Run uint8 [N, H, W, 3] and return the outputs asked for, such as `embedding`."""
        return dict(zip(names, self.session.run(list(names), {INPUT: pixels}), strict=True))


def open_reference(model: Path | bytes, *, threads: int = 0) -> Reference:
    """Load an ONNX model whose input is the bundle's `pixels`.

    Args:
        model: path of the ONNX file, or what it holds.
        threads: how many threads one `run` uses; 0 lets ONNX Runtime take every core.

    Raises:
        BundleError: ONNX Runtime cannot load the file.
    """
    onnxruntime = _onnxruntime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _QUIET
    options.intra_op_num_threads = threads
    # Cores are shared with decoding and Kafka: a thread without work must not spin.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # INT8 is computed as its Q/DQ say: ONNX Runtime's own kernels overflow at 16 bits where the
    # processor has no VNNI, and MobileNetV2's logits then have a cosine of 0.4 to the right ones.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    source = model if isinstance(model, bytes) else str(model)
    name = "the model" if isinstance(model, bytes) else model
    try:
        session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        said = " ".join(str(error).split())  # some of it comes in several lines
        raise BundleError(f"{name} cannot be loaded by ONNX Runtime: {said}") from error
    return Reference(session)


def runtime_version() -> str:
    """Version of the installed ONNX Runtime, such as `1.30.0`."""
    return str(_onnxruntime().__version__)


def check_model(bundle: Bundle) -> None:
    """Compare what the network takes and gives with what the manifest says.

    Raises:
        BundleError: input or outputs differ from the manifest; says which and how.
    """
    session = open_reference(bundle.model, threads=1).session
    _check_input(session, bundle)
    shapes = {output.name: output.shape for output in session.get_outputs()}
    kinds = {output.name: output.type for output in session.get_outputs()}
    for name in (PROBABILITIES, LOGITS):
        _check_output(name, shapes, bundle)
        if kinds[name] != "tensor(float)":
            raise BundleError(
                f"{bundle.model}: output {name!r} is {kinds[name]}, expected tensor(float)"
            )
    for name in bundle.manifest.outputs.extra:
        if name not in shapes:
            raise BundleError(
                f"{bundle.model}: the manifest names output {name!r}, it has {sorted(shapes)}"
            )


def _check_input(session: Any, bundle: Bundle) -> None:
    found = [(tensor.name, tensor.type, list(tensor.shape)) for tensor in session.get_inputs()]
    height, width = bundle.manifest.input.height, bundle.manifest.input.width
    fits = (
        len(found) == 1
        and found[0][:2] == (INPUT, "tensor(uint8)")
        and found[0][2][1:] == [height, width, 3]
        and not isinstance(found[0][2][0], int)
    )
    if not fits:
        raise BundleError(
            f"{bundle.model}: expected one input {INPUT!r} uint8 [N, {height}, {width}, 3] "
            f"with a dynamic N, found {found}"
        )


def _check_output(name: str, shapes: Mapping[str, list[Any]], bundle: Bundle) -> None:
    labels = len(bundle.manifest.labels)
    shape = shapes.get(name)
    if shape is None:
        raise BundleError(f"{bundle.model}: output {name!r} is missing, it has {sorted(shapes)}")
    if len(shape) != 2 or (isinstance(shape[1], int) and shape[1] != labels):  # noqa: PLR2004
        raise BundleError(
            f"{bundle.model}: output {name!r} has shape {shape}, "
            f"the manifest lists {labels} labels, so [N, {labels}] was expected"
        )


def _onnxruntime() -> Any:
    """Loaded by its first use: where another engine serves, nothing is asked of it."""
    # From 1.32 on it reports to its makers, on Linux too, and leaves a file in the temporary
    # folder. Machines that see people tell nobody; the library reads this when it is loaded.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime
