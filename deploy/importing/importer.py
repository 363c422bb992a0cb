"""An ONNX classifier becomes a bundle: read, understood, rewritten, proven equal, sealed."""

import importlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from deploy.bundle.destination import prepare, whole_or_not_at_all
from deploy.bundle.errors import MissingDriver
from deploy.bundle.golden import draw_frames, write_golden
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import (
    MODEL,
    Bundle,
    OutputSpec,
    open_bundle,
    sha256_of,
    write_bundle,
)
from deploy.bundle.pixels import Pixels, frame_to_pixels
from deploy.bundle.reference import check_model, runtime_version
from deploy.importing.frames import golden_frames
from deploy.importing.spec import ImportSpec, check_spec


def import_model(model: Path, spec: ImportSpec, out: Path) -> Bundle:
    """Turn an ONNX classifier into the bundle `out`, which appears whole or not at all.

    Raises:
        MissingDriver: `onnx` is not installed.
        BundleError: the model is no classifier of these labels and this size, cannot run more than
            one frame at once, or the rewritten one does not give what the original gives.
    """
    _need_onnx()
    from deploy.importing.conversion import convert

    check_spec(spec)
    prepare(out, overwrite=spec.overwrite)
    frames = golden_frames(spec.golden, spec.input)
    with whole_or_not_at_all(out) as draft:
        converted = convert(model, spec, _pixels((*frames, *draw_frames()), spec), draft / MODEL)
        write_golden(draft, frames, spec.input, converted.reference.run)
        bundle = write_bundle(
            draft,
            name=spec.name or model.stem,
            version=spec.version,
            labels=spec.labels,
            input_spec=spec.input,
            outputs=OutputSpec(converted.activation),
            provenance=_provenance(model, spec, converted.facts),
        )
        check_model(bundle)
    return open_bundle(out)


def _need_onnx() -> None:
    try:
        importlib.import_module("onnx")
    except ImportError:
        raise MissingDriver("onnx", "deploy") from None


def _pixels(frames: tuple[bytes, ...], spec: ImportSpec) -> Pixels:
    return np.stack([frame_to_pixels(frame, spec.input, Limits()) for frame in frames])


def _provenance(model: Path, spec: ImportSpec, facts: dict[str, Any]) -> dict[str, Any]:
    """Where the model came from; nothing that names this machine, its folders or the hour."""
    return {
        "made_by": "yardlight-deploy import",
        "source": {"file": model.name, "sha256": sha256_of(model), **facts},
        "config": {
            "mean": spec.mean,
            "std": spec.std,
            "layout": spec.layout,
            "colour": spec.colour,
            "golden": "drawn" if spec.golden is None else "photos",
        },
        "versions": {
            "yardlight": version("yardlight"),
            "onnx": version("onnx"),
            "onnxruntime": runtime_version(),
        },
    }
