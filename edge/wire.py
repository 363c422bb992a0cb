"""The JSON values of the topics that Yardlight writes; their schemas are made from these types."""

from collections.abc import Iterable
from typing import Any

import msgspec

from deploy.bundle.manifest import Bundle
from deploy.engines.record import EngineRecord
from edge.cloudevents import format_time
from edge.frame import Frame
from edge.outcome import Classified, Sighting
from edge.outcome import Skipped as SkippedFrame
from edge.parsing import parse


class FrameReference(msgspec.Struct, frozen=True):
    """Which frame was classified."""

    id: str
    topic: str
    partition: int
    offset: int
    captured_at: str


class ModelReference(msgspec.Struct, frozen=True):
    """The bundle that was used; `digest` is the sha256 of its manifest."""

    name: str
    version: str
    digest: str


class EngineReference(msgspec.Struct, frozen=True):
    """The compiled engine that was used."""

    kind: str
    precision: str
    digest: str


class ZoneClassification(msgspec.Struct, frozen=True):
    """The classification of one part of the frame."""

    zone: str
    label: str
    confidence: float
    scores: dict[str, float]


class Classification(msgspec.Struct, frozen=True, omit_defaults=True):
    """A record of the `classifications` topic: one for each classified frame."""

    camera: str
    frame: FrameReference
    label: str
    confidence: float
    scores: dict[str, float]
    """Label → probability, highest first; the top five unless told otherwise."""
    model: ModelReference
    engine: EngineReference
    latency: dict[str, float]
    """Seconds by stage, up to hand-over to the producer."""
    zones: list[ZoneClassification] | None = None
    same_as: str | None = None


class SameAs(msgspec.Struct, frozen=True):
    """The classification of the frame that a gated one does not differ from."""

    label: str
    confidence: float
    frame: FrameReference


class Skipped(msgspec.Struct, frozen=True, omit_defaults=True):
    """A record of the `frames.skipped` topic: frames not classified on purpose."""

    reason: str
    """`expired`, `shed`, `gated` or `aged-out`."""
    topic: str
    partition: int
    offsets: list[int]
    """One, but for frames that retention deleted unread."""
    same_as: SameAs | None = None


_ENCODER = msgspec.json.Encoder()
_CLASSIFICATIONS = msgspec.json.Decoder(Classification)


class ClassificationWriter:
    """Turns outcomes into records of `classifications`, each with the model and engine it is of."""

    def __init__(self, bundle: Bundle, record: EngineRecord) -> None:
        self._first = _makers(bundle, record)
        self._makers = {record.digest: self._first}

    def introduce(self, bundle: Bundle, record: EngineRecord) -> None:
        """Name another model and its engine, whose classifications come from now on."""
        self._makers[record.digest] = _makers(bundle, record)

    def write(self, outcome: Classified, now: float) -> bytes:
        """The JSON value; `now` is the monotonic time of hand-over to the producer."""
        frame, label = outcome.frame, outcome.label
        latency = frame.stamps.stages()
        latency["publish"] = now - frame.stamps.inferred
        model, engine = self._makers.get(outcome.engine, self._first)
        return _ENCODER.encode(
            Classification(
                camera=frame.camera,
                frame=_reference(frame),
                label=label,
                confidence=outcome.scores[label],
                scores=dict(outcome.scores),
                model=model,
                engine=engine,
                latency={stage: round(seconds, 6) for stage, seconds in latency.items()},
            )
        )


def _makers(bundle: Bundle, record: EngineRecord) -> tuple[ModelReference, EngineReference]:
    manifest, made = bundle.manifest, record.fingerprint
    model = ModelReference(manifest.name, manifest.version, bundle.digest)
    return model, EngineReference(made.kind, made.precision, record.digest)


def write_skipped(skipped: SkippedFrame) -> bytes:
    """The JSON value of a record of `frames.skipped`."""
    at, seen = skipped.frame.partition, skipped.same_as
    same_as = SameAs(seen.label, seen.confidence, _reference(seen)) if seen else None
    offsets = list(skipped.offsets)
    return _ENCODER.encode(Skipped(skipped.reason, at.topic, at.number, offsets, same_as))


def _reference(frame: Frame | Sighting) -> FrameReference:
    return FrameReference(
        frame.id,
        frame.partition.topic,
        frame.partition.number,
        frame.offset,
        format_time(frame.captured_at),
    )


def read_classification(value: bytes) -> Classification:
    """Parse a record of `classifications`.

    Raises:
        msgspec.MsgspecError: it is not one.
    """
    return parse(_CLASSIFICATIONS, value)


def json_schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """JSON Schema (2020-12) of one of the values, complete in itself."""
    components = schema_components([kind], "#/$defs/{name}")
    body = components.pop(kind.__name__)
    identity = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:yardlight:{kind.__name__.lower()}:1",
    }
    return {**identity, **body, "$defs": components}


def schema_components(
    kinds: Iterable[type[msgspec.Struct]], ref_template: str
) -> dict[str, dict[str, Any]]:
    """Schemas of values and their parts by name, which refer to each other as the template says."""
    _, components = msgspec.json.schema_components(list(kinds), ref_template=ref_template)
    return components
