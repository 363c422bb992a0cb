"""Is a compiled engine equal to the FP32 reference? Judged on `logits`, by its precision."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.golden import Golden, read_golden
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import Bundle
from deploy.bundle.pixels import Pixels, frame_to_pixels
from deploy.bundle.proportion import wilson
from deploy.bundle.reference import Scores, open_reference
from deploy.certify.photos import Photos
from deploy.engines import onnxruntime
from deploy.engines.certificate import Certificate, Evidence, Share
from deploy.engines.distance import agreement, cosines, max_error
from deploy.engines.kinds import Precision
from deploy.engines.protocol import Session


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What an engine must keep to; None where its precision promises nothing of the kind."""

    max_error: float | None = None
    min_cosine: float | None = None
    mean_cosine: float | None = None
    same_labels: bool = True
    """Every golden frame gets the reference's answer."""
    accuracy_drop: float = 0.01


THRESHOLDS: dict[Precision, Thresholds] = {
    "fp32": Thresholds(max_error=1e-4, min_cosine=0.99999),
    "fp16": Thresholds(max_error=5e-3, min_cosine=0.9999),
    "bf16": Thresholds(max_error=5e-2, min_cosine=0.999),
    "int8": Thresholds(mean_cosine=0.99, same_labels=False),
}


def certify(
    bundle: Bundle,
    golden: Golden,
    session: Session,
    precision: Precision,
    photos: Photos | None = None,
) -> Certificate:
    """Run the golden frames and the photos through the production decode and the engine.

    The stored pixels decide on the engine; the same frames decoded here must get the same label,
    so that a decoder that differs from the one the bundle was made with shows as well.
    """
    expected = golden.outputs.logits
    found = _logits(session, golden.pixels)
    decoded = _logits(session, _decoded(bundle, golden))
    directions = cosines(found, expected)
    error = max_error(found, expected)
    least, mean = float(directions.min()), float(directions.mean())
    activation = bundle.manifest.outputs.activation
    same = agreement(decoded, expected, activation)
    decoder = agreement(decoded, found, activation)
    evidence = None if photos is None else examine(bundle, session, photos)
    limits = THRESHOLDS[precision]
    reason = _judge(error, least, mean, limits) or _judge_labels(same, decoder, limits)
    if evidence is not None:
        reason = reason or _judge_evidence(evidence, limits)
    frames = len(golden.frames)
    return Certificate(frames, error, least, same, not reason, reason, mean, evidence)


def examine(bundle: Bundle, session: Session, photos: Photos) -> Evidence:
    """Compare an engine with the reference on photos."""
    reference = open_reference(bundle.model)
    found, expected = [], []
    for pixels in photos.batches(bundle.manifest.input):
        found.append(_logits(session, pixels))
        expected.append(reference.run(pixels).logits)
    mine, theirs = np.concatenate(found), np.concatenate(expected)
    directions = cosines(mine, theirs)
    evidence = Evidence(
        photos=len(photos.paths),
        max_error=max_error(mine, theirs),
        mean_cosine=float(directions.mean()),
        min_cosine=float(directions.min()),
        agreement=agreement(mine, theirs, bundle.manifest.outputs.activation),
    )
    if photos.truth is None:
        return evidence
    return _with_accuracy(
        evidence, mine.argmax(axis=1), theirs.argmax(axis=1), photos.truth, bundle
    )


def certify_reference(bundle: Bundle, photos: Photos | None = None) -> Certificate:
    """Compare the reference on this machine with what it said where the bundle was made."""
    session = onnxruntime.load(bundle).session()
    return certify(bundle, read_golden(bundle), session, "fp32", photos)


def _with_accuracy(
    evidence: Evidence,
    mine: NDArray[np.int64],
    theirs: NDArray[np.int64],
    truth: NDArray[np.int64],
    bundle: Bundle,
) -> Evidence:
    present = ((number, label) for number, label in enumerate(bundle.manifest.labels))
    return Evidence(
        evidence.photos,
        evidence.max_error,
        evidence.mean_cosine,
        evidence.min_cosine,
        evidence.agreement,
        accuracy=_share(mine == truth),
        reference_accuracy=_share(theirs == truth),
        by_label={
            label: _share(mine[truth == number] == number)
            for number, label in present
            if (truth == number).any()
        },
    )


def _share(right: NDArray[np.bool_]) -> Share:
    return Share(int(right.sum()), len(right), *wilson(int(right.sum()), len(right)))


def _decoded(bundle: Bundle, golden: Golden) -> Pixels:
    spec = bundle.manifest.input
    return np.stack([frame_to_pixels(frame, spec, Limits()) for frame in golden.frames])


def _logits(session: Session, pixels: Pixels) -> Scores:
    return np.concatenate([session.run_all(frame[None]).logits for frame in pixels])


def _judge(error: float, least: float, mean: float, limits: Thresholds) -> str:
    if limits.max_error is not None and not error <= limits.max_error:
        return f"largest logit error {error:.2e} of the largest logit, allowed {limits.max_error}"
    if limits.min_cosine is not None and not least >= limits.min_cosine:
        return f"smallest cosine {least:.6f}, needed {limits.min_cosine}"
    if limits.mean_cosine is not None and not mean >= limits.mean_cosine:
        return f"mean cosine {mean:.6f}, needed {limits.mean_cosine}"
    return ""


def _judge_labels(same: float, decoder: float, limits: Thresholds) -> str:
    if limits.same_labels and same < 1:
        return f"only {same:.0%} of the golden frames get the reference's label"
    if decoder < 1:
        return f"only {decoder:.0%} of the golden frames get the same label when decoded here"
    return ""


def _judge_evidence(evidence: Evidence, limits: Thresholds) -> str:
    reason = _judge(evidence.max_error, evidence.min_cosine, evidence.mean_cosine, limits)
    if reason:
        return f"on {evidence.photos} photos: {reason}"
    if evidence.drop is not None and evidence.drop > limits.accuracy_drop:
        return (
            f"accuracy {evidence.accuracy} on {evidence.photos} photos, the reference has "
            f"{evidence.reference_accuracy}; a drop of {limits.accuracy_drop} is allowed"
        )
    return ""
