"""The reference engine: the bundle's own ONNX in ONNX Runtime, on any CPU."""

from dataclasses import dataclass
from pathlib import Path

from deploy.bundle.manifest import Bundle
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Outputs, Reference, Scores, open_reference, runtime_version
from deploy.engines.device import core_count
from deploy.engines.protocol import Session

NETWORK = "network.onnx"
"""The ONNX of an engine whose precision is not FP32."""


@dataclass(frozen=True, slots=True)
class OnnxRuntimeEngine:
    reference: Reference
    concurrency: int

    def session(self) -> Session:
        return OnnxRuntimeSession(self.reference)

    def close(self) -> None:
        """Nothing is held beyond memory."""


@dataclass(frozen=True, slots=True)
class OnnxRuntimeSession:
    reference: Reference

    def run(self, pixels: Pixels) -> Scores:
        return self.reference.probabilities(pixels)

    def run_all(self, pixels: Pixels) -> Outputs:
        return self.reference.run(pixels)


def version() -> str:
    """Name and version of the installed ONNX Runtime, such as `onnxruntime 1.30.0`."""
    return f"onnxruntime {runtime_version()}"


def load(bundle: Bundle, folder: Path | None = None) -> OnnxRuntimeEngine:
    """Load the network of an engine's folder; the bundle's own FP32 one if no folder is given.

    One thread for each session and one session for each core.
    """
    model = bundle.model if folder is None else folder / NETWORK
    return OnnxRuntimeEngine(open_reference(model, threads=1), core_count())
