"""The reference as an engine for the time until a better one is built."""

from time import perf_counter

import numpy as np

from deploy.bundle.errors import Fatal
from deploy.bundle.golden import read_golden
from deploy.bundle.manifest import Activation, Bundle
from deploy.bundle.reference import Scores
from deploy.engines import onnxruntime
from deploy.engines.catalogue import fingerprint
from deploy.engines.certificate import Certificate
from deploy.engines.distance import agreement, cosines, max_error
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
    certificate = _judge(
        np.concatenate(found), golden.outputs.logits, bundle.manifest.outputs.activation
    )
    if not certificate.passed:
        raise Fatal(f"the reference is not equal to itself on this machine: {certificate.reason}")
    made = fingerprint(bundle, "onnxruntime", "fp32", max_batch)
    # On a processor a batch takes as long as its frames one by one.
    cost = CostCurve(((1, min(taken)),))
    return engine, EngineRecord(made, {}, certificate, cost)


def _judge(found: Scores, expected: Scores, activation: Activation) -> Certificate:
    error, same = max_error(found, expected), agreement(found, expected, activation)
    cosine = float(cosines(found, expected).min())
    good = error <= _MAX_ERROR and same == 1
    reason = "" if good else f"largest logit error {error:.2e}, {same:.0%} of the labels agree"
    return Certificate(len(found), error, cosine, same, good, reason)
