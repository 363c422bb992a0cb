"""Outcomes that came all the way, and what made them, for tests of what writes and reads them."""

from dataclasses import replace
from pathlib import Path

from deploy.bundle.manifest import Bundle, InputSpec, Manifest, OutputSpec
from deploy.engines.certificate import Certificate
from deploy.engines.protocol import CostCurve
from deploy.engines.record import EngineRecord, Fingerprint
from edge.frame import Frame, Headers, Partition, Stamps
from edge.outcome import Classified, DeadLettered, Sighting, Skipped
from edge.wire import ClassificationWriter
from tests.frames import make_frame

CAPTURED_AT = 1_790_000_000.25
PARTITION = Partition("frames", 3)
DIGEST = f"sha256:{'b' * 64}"
SCORES = {"vehicle": 0.75, "parcel": 0.125, "background": 0.0625}


def inferred_frame(
    *,
    offset: int = 42,
    key: bytes | None = b"gate-1",
    value: bytes | None = b"\xff\xd8 a picture",
    headers: Headers = (),
    traceparent: str | None = None,
) -> Frame:
    """A frame that was appended at 100.0 and came out of the engine at 101.5 monotonic seconds."""
    return replace(
        make_frame(offset, PARTITION, key=key, value=value, headers=headers),
        captured_at=CAPTURED_AT,
        traceparent=traceparent,
        stamps=Stamps(100.0, 100.5, taken=100.75, decoded=101.0, started=101.25, inferred=101.5),
    )


def classified(frame: Frame | None = None) -> Classified:
    return Classified(frame or inferred_frame(), SCORES)


def dead_lettered(frame: Frame | None = None, reason: str = "truncated") -> DeadLettered:
    return DeadLettered(frame or inferred_frame(), reason, "expected a JPEG, found half of one")


SIGHTING = Sighting("parcel", 0.875, "frame-40", PARTITION, 40, CAPTURED_AT - 2)


def skipped(frame: Frame | None = None) -> Skipped:
    return Skipped(frame or inferred_frame(), "gated", SIGHTING)


def aged_out(first: int, last: int) -> Skipped:
    lost = inferred_frame(offset=last, key=None, value=None)
    return Skipped(lost, "aged-out", range=range(first, last + 1))


def some_writer() -> ClassificationWriter:
    return ClassificationWriter(some_bundle(), some_record())


def some_bundle(folder: Path = Path("nowhere")) -> Bundle:
    """What a bundle says of itself; nothing of it is on disk."""
    manifest = Manifest("yard", "4", tuple(SCORES), InputSpec(32, 32), OutputSpec(), files={})
    return Bundle(folder, manifest, DIGEST)


def some_record() -> EngineRecord:
    made_for = Fingerprint(DIGEST, "openvino", "openvino 2026.4", "bf16", "a processor", 8)
    proof = Certificate(8, 1e-6, 1.0, 1.0, passed=True, reason="")
    return EngineRecord(made_for, {}, proof, CostCurve(((1, 0.001),)))
