"""From the imported network to the bundle's `model.onnx`, with proof that both answer alike."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from deploy.bundle.errors import BundleError
from deploy.bundle.manifest import Activation, sha256_of
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Outputs, Reference, Scores, open_reference
from deploy.importing.batch import batch_trouble, fixed_batch, free_reshapes
from deploy.importing.intake import image_input
from deploy.importing.original import Original, open_original
from deploy.importing.rewrite import rewrite
from deploy.importing.scores import ScoresPlan, choose_output, plan_scores
from deploy.importing.source import opset_of, read_model
from deploy.importing.spec import ImportSpec

# The arithmetic is the same; where it is float16, a sum in another order shows in its last bit.
MAX_ERROR, MAX_ERROR_HALF = 1e-5, 5e-3
_SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Converted:
    """The model that was written, and what is worth remembering of its source."""

    reference: Reference
    activation: Activation
    facts: dict[str, Any]


def convert(path: Path, spec: ImportSpec, pixels: Pixels, to: Path) -> Converted:
    """Rewrite the ONNX file `path` as the bundle's model `to`.

    Args:
        path: the model as it came.
        spec: how to read it.
        pixels: uint8 [N, H, W, 3] of the spec's size to prove it with, N at least 3.
        to: file to write.

    Raises:
        BundleError: the model is not one that a bundle can hold, or parity is broken.
    """
    where = str(path)
    model, weights = read_model(path)
    intake = image_input(model, spec, where)
    original = open_original(path, intake, spec, opset_of(model))
    pixels = _whole_batches(pixels, original.batch)
    output = choose_output(original.one_batch(pixels), spec, model, where)
    expected = original.scores(pixels, output)
    plan = plan_scores(model, output, expected, spec, where)
    reference = _first_that_batches(model, original, plan, pixels, to)
    error = _prove_parity(reference, original, plan, expected, pixels)
    facts = {
        "opset": opset_of(model),
        "producer": f"{model.producer_name} {model.producer_version}".strip(),
        "output": output,
        "weights": {name: sha256_of(path.parent / name) for name in weights},
        "import_error": error,
    }
    return Converted(reference, plan.activation, facts)


def _whole_batches(pixels: Pixels, batch: int) -> Pixels:
    """Repeat the first frames until the fixed batch of the original is full."""
    count = -(-len(pixels) // batch) * batch
    return np.take(pixels, range(count), axis=0, mode="wrap")


def _first_that_batches(
    model: Any, original: Original, plan: ScoresPlan, pixels: Pixels, to: Path
) -> Reference:
    """The network as it is, or with its fixed shapes freed: whichever takes any batch."""
    trouble = ""
    for network in _attempts(model, original.batch):
        onnx.save(rewrite(network, original.spec, original.intake, plan), to)
        try:
            reference = open_reference(to)
            trouble = batch_trouble(reference, pixels, half=original.intake.half)
        except BundleError as error:
            trouble = str(error)
        if not trouble:
            return reference
    raise fixed_batch(original.where, original.intake.batch, trouble)


def _attempts(model: Any, batch: int) -> Iterator[Any]:
    yield model
    yield free_reshapes(model, batch)


def _prove_parity(
    reference: Reference, original: Original, plan: ScoresPlan, expected: Scores, pixels: Pixels
) -> float:
    """Compare with the original, batch by batch, and the two outputs with one another.

    Returns:
        The largest error of a score, relative to the largest score.

    Raises:
        BundleError: an error is too large.
    """
    batches = np.split(pixels, len(pixels) // original.batch)
    found = _joined([reference.run(batch) for batch in batches])
    scores = found.probabilities if plan.probabilities else found.logits
    allowed = MAX_ERROR_HALF if original.intake.half else MAX_ERROR
    error = _relative(scores, expected)
    if not error <= allowed:
        raise BundleError(
            f"{original.where}: the rewritten network differs from the original: largest error of "
            f"a score is {error:.1e} of the largest score, allowed is {allowed:.0e}; "
            "nothing was written"
        )
    between = float(np.abs(_activated(found.logits, plan.activation) - found.probabilities).max())
    if not between <= max(allowed, 1e-4):
        raise BundleError(
            f"{original.where}: its probabilities are not the {plan.activation} of its logits over "
            f"the labels, they differ by {between:.1e}: say --scores probabilities, or export the "
            "network without its last layer"
        )
    return error


def _joined(parts: list[Outputs]) -> Outputs:
    return Outputs(
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.logits for part in parts]),
    )


def _relative(found: Scores, expected: Scores) -> float:
    return float(np.abs(found - expected).max() / max(float(np.abs(expected).max()), _SMALLEST))


def _activated(logits: Scores, activation: Activation) -> Scores:
    if activation == "sigmoid":
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
