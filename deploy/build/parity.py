"""Is a compiled engine equal to the FP32 reference? Judged on `logits` of the golden frames."""

from dataclasses import dataclass

import numpy as np

from deploy.bundle.golden import Golden, read_golden
from deploy.bundle.manifest import Bundle
from deploy.bundle.pixels import Limits, frame_to_pixels
from deploy.bundle.reference import Scores
from deploy.engines import onnxruntime
from deploy.engines.protocol import Precision, Session
from deploy.engines.record import Certificate


@dataclass(frozen=True, slots=True)
class Thresholds:
    max_error: float
    cosine: float


THRESHOLDS: dict[Precision, Thresholds] = {
    "fp32": Thresholds(max_error=1e-4, cosine=0.99999),
    "fp16": Thresholds(max_error=5e-3, cosine=0.9999),
    "bf16": Thresholds(max_error=5e-2, cosine=0.999),
    "int8": Thresholds(max_error=0.5, cosine=0.99),
}


def certify(bundle: Bundle, golden: Golden, session: Session, precision: Precision) -> Certificate:
    """Run the golden frames through the production decode and the engine, one frame a run.

    The stored pixels decide on the engine; the same frames decoded here must get the same label,
    so that a decoder that differs from the one the bundle was made with shows as well.
    """
    expected = golden.outputs.logits
    found = _logits(session, golden.pixels)
    decoded = np.stack(
        [frame_to_pixels(frame, bundle.manifest.input, Limits()) for frame in golden.frames]
    )
    labels = _logits(session, decoded).argmax(axis=1)
    error = float(np.abs(found - expected).max() / max(float(np.abs(expected).max()), 1e-12))
    cosine = float(_cosines(found, expected).min())
    agreement = float((labels == expected.argmax(axis=1)).mean())
    reason = _judge(error, cosine, agreement, THRESHOLDS[precision])
    return Certificate(len(golden.frames), error, cosine, agreement, not reason, reason)


def certify_reference(bundle: Bundle) -> Certificate:
    """Compare the reference on this machine with what it said where the bundle was made."""
    return certify(bundle, read_golden(bundle), onnxruntime.load(bundle).session(), "fp32")


def _logits(session: Session, pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Scores:
    return np.concatenate([session.run_all(frame[None]).logits for frame in pixels])


def _cosines(left: Scores, right: Scores) -> Scores:
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    # Infinities of an engine give a quotient that is no number; it fails every comparison.
    with np.errstate(invalid="ignore"):
        cosines: Scores = (left * right).sum(axis=1) / np.maximum(norms, 1e-12)
    return cosines


def _judge(error: float, cosine: float, agreement: float, limit: Thresholds) -> str:
    if not error <= limit.max_error:
        return f"largest logit error {error:.2e} of the largest logit, allowed {limit.max_error}"
    if not cosine >= limit.cosine:
        return f"smallest cosine {cosine:.6f}, needed {limit.cosine}"
    if agreement < 1:
        return f"only {agreement:.0%} of the golden frames get the reference's label"
    return ""
