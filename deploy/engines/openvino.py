"""The one door to OpenVINO: the fast engine on Intel and AMD processors."""

import re
from collections.abc import Iterator, Mapping
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
from deploy.engines.kinds import Precision
from deploy.engines.protocol import Session

_DEVICE = "CPU"
_BATCHES = (2, 1)
"""Batch sizes that are compiled, each with its shape fixed: MobileNetV2 runs 268 (one) and 287
(two) frames a second so, and 235 to 249 with the batch left open, on two AVX2 cores. Larger ones
are slower there: what one layer hands to the next does not fit the cache any more."""
# Without the hint OpenVINO takes BF16 where the processor has it, with errors of 6e-3.
_HINTS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16", "int8": "f32"}
_PLACE = re.compile(r"(Exception from|Check '.*' failed at) ")


class UnknownOperators(Fatal):
    """OpenVINO has no way to compute these."""

    def __init__(self, model: Path, operators: tuple[str, ...]) -> None:
        super().__init__(
            f"OpenVINO cannot compile {model}: it does not take operator {', '.join(operators)}"
        )
        self.operators = operators


@dataclass(frozen=True, slots=True)
class OpenVinoEngine:
    """A compiled model with one inference stream, of one thread, for each core."""

    compiled: Mapping[int, Any] = field(repr=False)
    """By batch size."""
    concurrency: int
    blank: Pixels = field(repr=False)
    """A frame without content, uint8 [1, H, W, 3], to warm sessions up with."""

    def session(self) -> Session:
        """A warm session. Call this from one thread: the bindings set up static variables during
        the first run, and two threads that do so at once wait for each other for ever (OpenVINO
        2026.4: one holds the interpreter's lock and wants the variable's, the other the reverse).
        """
        session = OpenVinoSession(
            {size: model.create_infer_request() for size, model in self.compiled.items()}
        )
        for size in self.compiled:
            session.run_all(np.repeat(self.blank, size, axis=0))
        return session

    def close(self) -> None:
        """Nothing is held beyond memory."""


@dataclass(frozen=True, slots=True)
class OpenVinoSession:
    requests: Mapping[int, Any] = field(repr=False)
    """By batch size."""

    def run(self, pixels: Pixels) -> Scores:
        return np.concatenate([part[PROBABILITIES].copy() for part in self._infer(pixels)])

    def run_all(self, pixels: Pixels) -> Outputs:
        parts = [(part[PROBABILITIES].copy(), part[LOGITS].copy()) for part in self._infer(pixels)]
        probabilities, logits = zip(*parts, strict=True)
        return Outputs(np.concatenate(probabilities), np.concatenate(logits))

    def _infer(self, pixels: Pixels) -> Iterator[Any]:
        """Run a batch as several of the compiled sizes; each result is gone with the next one."""
        start = 0
        while start < len(pixels):
            size = next(size for size in _BATCHES if size <= len(pixels) - start)
            part = np.ascontiguousarray(pixels[start : start + size])
            yield self.requests[size].infer([part], share_inputs=True, share_outputs=True)
            start += size


def version() -> str:
    """Version of the installed OpenVINO.

    Raises:
        MissingDriver: it is not installed.
    """
    return f"openvino {_openvino().get_version()}"


def compile_model(bundle: Bundle, precision: Precision, network: bytes) -> dict[str, bytes]:
    """Compile an ONNX of the bundle for this processor: the files that `load` imports, by name.

    Raises:
        UnknownOperators: OpenVINO does not know them.
        Fatal: this processor has no such arithmetic, or OpenVINO cannot compile the network.
    """
    openvino = _openvino()
    core = openvino.Core()
    _check_capable(core, precision)
    try:
        model = core.read_model(network)
        kept = [model.output(PROBABILITIES), model.output(LOGITS)]
        served = openvino.Model(kept, model.get_parameters(), bundle.manifest.name)
        spec = bundle.manifest.input
        blobs = {}
        for size in _BATCHES:
            served.reshape([size, spec.height, spec.width, 3])
            compiled = core.compile_model(served, _DEVICE, _properties(precision))
            blobs[_blob(size)] = compiled.export_model().getvalue()
    except RuntimeError as error:
        if unknown := _unknown_operators(str(error)):
            raise UnknownOperators(bundle.model, unknown) from error
        said = _sentence(str(error))
        raise Fatal(f"OpenVINO cannot compile {bundle.model}: {said}") from error
    return blobs


def load(bundle: Bundle, folder: Path, precision: Precision = "fp32") -> OpenVinoEngine:
    """Import the compiled blobs of an engine's folder.

    Raises:
        MissingDriver: OpenVINO is not installed.
        Fatal: a blob does not load on this machine.
    """
    core = _openvino().Core()
    compiled = {}
    try:
        for size in _BATCHES:
            blob = BytesIO((folder / _blob(size)).read_bytes())
            compiled[size] = core.import_model(blob, _DEVICE, _properties(precision))
    except (OSError, RuntimeError) as error:
        raise Fatal(f"engine {folder} of {bundle.manifest.name} does not load: {error}") from error
    spec = bundle.manifest.input
    blank = np.zeros((1, spec.height, spec.width, 3), np.uint8)
    # One session more than streams: its frames are decoded while the others are inferred.
    return OpenVinoEngine(compiled, core_count() + 1, blank)


def _unknown_operators(said: str) -> tuple[str, ...]:
    """Their names, of `No conversion rule found for operations: Det-17, …`."""
    found = re.search(r"No conversion rule found for operations: (.+)", said)
    return tuple(re.findall(r"(\w+)-\d+", found[1])) if found else ()


def _sentence(said: str) -> str:
    """An exception of OpenVINO in one line, without the places in its own source."""
    lines = (line.strip() for line in said.splitlines())
    return " ".join(line for line in lines if line and not _PLACE.match(line))


def _check_capable(core: Any, precision: Precision) -> None:
    """OpenVINO takes a precision that the processor lacks as a hint, and computes in FP32."""
    has = set(core.get_property(_DEVICE, "OPTIMIZATION_CAPABILITIES"))
    if precision.upper() not in has:
        offered = [name for name in _HINTS if name.upper() in has]
        raise Fatal(
            f"this processor has no {precision} arithmetic that OpenVINO would use: "
            f"build --precision {' or '.join(offered)}"
        )


def _blob(size: int) -> str:
    return f"batch-{size}.blob"


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
