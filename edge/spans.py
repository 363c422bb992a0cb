"""What a trace shows of a frame: one span for all of it, and one for each stage within.

Names and attributes follow OpenTelemetry's conventions for messaging:
https://opentelemetry.io/docs/specs/semconv/messaging/kafka/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from edge.frame import Frame
from edge.outcome import DeadLettered, Outcome

Kind: TypeAlias = Literal["consumer", "producer", "internal"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a frame's life, in monotonic seconds."""

    name: str
    kind: Kind
    start: float
    end: float
    attributes: Mapping[str, str | int]
    error: str = ""


@dataclass(frozen=True, slots=True)
class SpanWriter:
    """Makes the spans of one consumer group's frames."""

    group: str
    results_topic: str
    dead_letters_topic: str

    def write(self, outcome: Outcome) -> tuple[Span, ...]:
        """The whole first, then the stages that the frame came through, in order."""
        frame, at = outcome.frame, outcome.frame.stamps
        dead = isinstance(outcome, DeadLettered)
        to = self.dead_letters_topic if dead else self.results_topic
        decided = at.inferred or at.decoded or at.taken
        whole = Span(
            f"process {frame.partition.topic}",
            "consumer",
            at.polled,
            at.acknowledged,
            self._about(frame) | _fate(outcome),
            outcome.error if isinstance(outcome, DeadLettered) else "",
        )
        stages = (
            Span("queue", "internal", at.polled, at.taken, {}),
            Span("decode", "internal", at.taken, at.decoded, {}),
            Span("infer", "internal", at.started, at.inferred, {}),
            Span(f"send {to}", "producer", decided, at.acknowledged, _sending(to)),
        )
        return (whole, *(stage for stage in stages if stage.start and stage.end))

    def _about(self, frame: Frame) -> dict[str, str | int]:
        return {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": frame.partition.topic,
            "messaging.destination.partition.id": str(frame.partition.number),
            "messaging.consumer.group.name": self.group,
            "messaging.kafka.offset": frame.offset,
            "messaging.message.id": frame.id,
            "messaging.message.body.size": frame.size,
            "yardlight.camera": frame.camera,
        }


def _fate(outcome: Outcome) -> dict[str, str | int]:
    if isinstance(outcome, DeadLettered):
        return {"yardlight.outcome": "dead-lettered", "error.type": outcome.reason}
    return {"yardlight.outcome": "classified"}


def _sending(topic: str) -> dict[str, str | int]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": topic,
    }
