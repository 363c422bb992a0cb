"""The reference engine: the bundle's own ONNX in ONNX Runtime, on any CPU."""

from dataclasses import dataclass

from deploy.bundle.manifest import Bundle
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import VERSION, Outputs, Reference, Scores, open_reference
from deploy.engines.device import core_count
from deploy.engines.protocol import Session

BUILDER = f"onnxruntime {VERSION}"


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


def load(bundle: Bundle) -> OnnxRuntimeEngine:
    """Load the bundle's model, one thread for each session and one session for each core."""
    return OnnxRuntimeEngine(open_reference(bundle.model, threads=1), core_count())
