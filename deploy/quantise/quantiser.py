"""A bundle becomes one that has its network in INT8 too: `model.int8.onnx`, beside the FP32 one."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from deploy.bundle.destination import prepare, whole_or_not_at_all
from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import (
    ENGINES,
    INT8_MODEL,
    MANIFEST,
    SIGNATURE,
    Bundle,
    open_bundle,
    write_bundle,
)
from deploy.certify.photos import Photos, find_photos
from deploy.quantise.layers import keep_constants_as_weights, layers_of, name_every_node
from deploy.quantise.observe import observe
from deploy.quantise.padding import padded_by_convolutions
from deploy.quantise.sweep import Judge, Tell, Trial, run_all, sweep

REPORT = "report/quantisation.json"
LEAST_PHOTOS = 16


@dataclass(frozen=True, slots=True)
class QuantiseSpec:
    calibration: Path
    max_accuracy_drop: float = 0.01
    frames: int = 256
    """Most photos for the ranges, and most for judging what came of them."""
    overwrite: bool = False


def quantise(bundle: Bundle, spec: QuantiseSpec, out: Path, tell: Tell) -> Trial:
    """Write the bundle `out`: all of `bundle`, and its network in INT8 as Q/DQ.

    Every other photo gives the ranges, the rest judges them, so that nothing is judged by what it
    was made from.

    Raises:
        Fatal: photos are missing or too few, or no choice of layers keeps the accuracy.
    """
    photos = find_photos(spec.calibration, bundle, option="--calibration", least=LEAST_PHOTOS)
    prepare(out, overwrite=spec.overwrite)
    trial = _quantised(bundle, photos, spec, tell)
    labelled = photos.truth is not None
    if labelled and not trial.suffices(spec.max_accuracy_drop):
        raise Fatal(
            f"INT8 costs {trial.drop:.3f} of the accuracy (mean cosine {trial.cosine:.4f}) "
            f"even with {len(trial.kept)} layers in FP32, --max-accuracy-drop allows "
            f"{spec.max_accuracy_drop}: allow more, or build --precision fp16"
        )
    if not trial.suffices(spec.max_accuracy_drop):
        tell(
            f"the least that was reached is a drop of {trial.drop:.3f}, as FP32 itself expects "
            f"it of photos without labels, and a mean cosine of {trial.cosine:.4f}"
        )
    _write(bundle, trial, photos, out)
    return trial


def _quantised(bundle: Bundle, photos: Photos, spec: QuantiseSpec, tell: Tell) -> Trial:
    whole = onnx.load(str(bundle.model))
    model = padded_by_convolutions(whole)
    name_every_node(model.graph)
    keep_constants_as_weights(model.graph)
    layers = layers_of(model)
    calibration, judged = _halves(photos, spec.frames)
    size = bundle.manifest.input
    tell(f"ranges of {len(layers)} layers from {len(calibration.paths)} photos")
    seen = observe(model, layers, calibration.pixels(size))
    pixels = judged.pixels(size)
    judge = Judge(pixels, judged.truth, run_all(whole, pixels), bundle.manifest.outputs.activation)
    return sweep(model, layers, seen, judge, spec.max_accuracy_drop, tell)


def _halves(photos: Photos, most: int) -> tuple[Photos, Photos]:
    """Every other photo, and the rest; at most `most` of each."""
    halves = []
    for first in (0, 1):
        truth = None if photos.truth is None else photos.truth[first::2]
        halves.append(Photos(photos.folder, photos.paths[first::2], truth).spread(most))
    return halves[0], halves[1]


def _write(bundle: Bundle, trial: Trial, photos: Photos, out: Path) -> None:
    manifest = bundle.manifest
    facts = _facts(trial, photos)
    with whole_or_not_at_all(out) as draft:
        left = shutil.ignore_patterns(ENGINES, SIGNATURE, MANIFEST)
        shutil.copytree(bundle.folder, draft, ignore=left, dirs_exist_ok=True)
        onnx.save(trial.model, str(draft / INT8_MODEL))
        (draft / REPORT).parent.mkdir(exist_ok=True)
        (draft / REPORT).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        write_bundle(
            draft,
            name=manifest.name,
            version=manifest.version,
            labels=manifest.labels,
            input_spec=manifest.input,
            outputs=manifest.outputs,
            provenance={**manifest.provenance, "quantised_from": bundle.digest},
        )
    open_bundle(out)


def _facts(trial: Trial, photos: Photos) -> dict[str, Any]:
    return {
        "photos": len(photos.paths),
        "labelled": photos.truth is not None,
        "accuracy_drop": trial.drop,
        "mean_cosine": trial.cosine,
        "agreement": trial.agreement,
        "kept_in_fp32": list(trial.kept),
    }
