"""The reference as an engine for the time until a better one is built."""

from time import perf_counter

import numpy as np

from deploy.bundle.errors import Fatal
from deploy.bundle.golden import read_golden
from deploy.bundle.manifest import Bundle
from deploy.engines import onnxruntime
from deploy.engines.catalogue import fingerprint
from deploy.engines.certificate import Certificate
from deploy.engines.protocol import CostCurve, Engine
from deploy.engines.record import EngineRecord

_MAX_ERROR = 1e-4


def stand_by(bundle: Bundle, max_batch: int) -> tuple[Engine, EngineRecord]:
    """Load the reference and prove, on the golden frames, that it answers here as it did where the
    bundle was made; it takes seconds less than a build and leaves nothing on the disk.

    Raises:
        Fatal: it answers otherwise here.
    """
    engine, golden = onnxruntime.load(bundle), read_golden(bundle)
    session, found, taken = engine.session(), [], []
    for frame in golden.pixels:
        started = perf_counter()
        found.append(session.run_all(frame[None]).logits)
        taken.append(perf_counter() - started)
    certificate = _judge(np.concatenate(found), golden.outputs.logits)
    if not certificate.passed:
        raise Fatal(f"the reference is not equal to itself on this machine: {certificate.reason}")
    made = fingerprint(bundle, "onnxruntime", "fp32", max_batch)
    # On a processor a batch takes as long as its frames one by one.
    cost = CostCurve(((1, min(taken)),))
    return engine, EngineRecord(made, {}, certificate, cost)


def _judge(
    found: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]",
    expected: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]",
) -> Certificate:
    error = float(np.abs(found - expected).max() / max(float(np.abs(expected).max()), 1e-12))
    norms = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    cosine = float(((found * expected).sum(axis=1) / np.maximum(norms, 1e-12)).min())
    agreement = float((found.argmax(axis=1) == expected.argmax(axis=1)).mean())
    good = error <= _MAX_ERROR and agreement == 1
    reason = "" if good else f"largest logit error {error:.2e}, {agreement:.0%} of the labels agree"
    return Certificate(len(found), error, cosine, agreement, good, reason)
