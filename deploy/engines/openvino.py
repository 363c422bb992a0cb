"""The one door to OpenVINO: the fast engine on Intel and AMD processors."""

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from deploy.bundle.errors import Fatal, MissingDriver
from deploy.bundle.manifest import Bundle
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import LOGITS, PROBABILITIES, Outputs, Scores
from deploy.engines.device import core_count
from deploy.engines.protocol import Precision, Session

BLOB = "model.blob"
_DEVICE = "CPU"
# Without the hint OpenVINO takes BF16 where the processor has it, with errors of 6e-3.
_HINTS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16", "int8": "f32"}


@dataclass(frozen=True, slots=True)
class OpenVinoEngine:
    """A compiled model with one inference stream, of one thread, for each core."""

    compiled: Any = field(repr=False)
    concurrency: int
    blank: Pixels = field(repr=False)
    """A frame without content, uint8 [1, H, W, 3], to warm sessions up with."""

    def session(self) -> Session:
        """A warm session. Call this from one thread: the bindings set up static variables during
        the first run, and two threads that do so at once wait for each other for ever (OpenVINO
        2026.4: one holds the interpreter's lock and wants the variable's, the other the reverse).
        """
        session = OpenVinoSession(self.compiled.create_infer_request())
        session.run_all(self.blank)
        return session

    def close(self) -> None:
        """Nothing is held beyond memory."""


@dataclass(frozen=True, slots=True)
class OpenVinoSession:
    request: Any = field(repr=False)

    def run(self, pixels: Pixels) -> Scores:
        scores: Scores = self._infer(pixels)[PROBABILITIES].copy()
        return scores

    def run_all(self, pixels: Pixels) -> Outputs:
        results = self._infer(pixels)
        return Outputs(results[PROBABILITIES].copy(), results[LOGITS].copy())

    def _infer(self, pixels: Pixels) -> Any:
        return self.request.infer([pixels], share_inputs=True, share_outputs=True)


def version() -> str:
    """Version of the installed OpenVINO.

    Raises:
        MissingDriver: it is not installed.
    """
    return f"openvino {_openvino().get_version()}"


def compile_model(bundle: Bundle, precision: Precision) -> bytes:
    """Compile the bundle's ONNX for this processor and return the blob that `load` imports.

    Raises:
        Fatal: OpenVINO cannot read or compile the model.
    """
    openvino = _openvino()
    core = openvino.Core()
    try:
        model = core.read_model(bundle.model)
        kept = [model.output(PROBABILITIES), model.output(LOGITS)]
        served = openvino.Model(kept, model.get_parameters(), bundle.manifest.name)
        compiled = core.compile_model(served, _DEVICE, _properties(precision))
        blob: bytes = compiled.export_model().getvalue()
    except RuntimeError as error:
        raise Fatal(f"OpenVINO cannot compile {bundle.model}: {error}") from error
    return blob


def load(bundle: Bundle, folder: Path, precision: Precision = "fp32") -> OpenVinoEngine:
    """Import the compiled blob of an engine's folder.

    Raises:
        MissingDriver: OpenVINO is not installed.
        Fatal: the blob does not load on this machine.
    """
    core = _openvino().Core()
    try:
        blob = BytesIO((folder / BLOB).read_bytes())
        compiled = core.import_model(blob, _DEVICE, _properties(precision))
    except (OSError, RuntimeError) as error:
        raise Fatal(f"engine {folder} of {bundle.manifest.name} does not load: {error}") from error
    spec = bundle.manifest.input
    blank = np.zeros((1, spec.height, spec.width, 3), np.uint8)
    return OpenVinoEngine(compiled, core_count(), blank)


def _properties(precision: Precision) -> dict[str, Any]:
    cores = core_count()
    return {
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
        "NUM_STREAMS": cores,
        "INFERENCE_NUM_THREADS": cores,
        # Decoding and Kafka share the cores: a pinned stream would wait for them.
        "ENABLE_CPU_PINNING": False,
    }


def _openvino() -> Any:
    try:
        import openvino
    except ImportError:
        raise MissingDriver("openvino", "cpu") from None
    return openvino
