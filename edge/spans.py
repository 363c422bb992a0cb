"""What a trace shows of a frame: one span for all of it, and one for each stage within.

Names and attributes follow OpenTelemetry's conventions for messaging:
https://opentelemetry.io/docs/specs/semconv/messaging/kafka/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from edge.frame import Frame
from edge.outcome import Classified, DeadLettered, Outcome, Skipped, outcome_name

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
    skipped_topic: str

    def write(self, outcome: Outcome) -> tuple[Span, ...]:
        """The whole first, then the stages that the frame came through, in order."""
        frame, at = outcome.frame, outcome.frame.stamps
        to, fate, error = self._end(outcome)
        decided = at.inferred or at.decoded or at.taken
        whole = Span(
            f"process {frame.partition.topic}",
            "consumer",
            at.polled,
            at.acknowledged,
            self._about(frame) | fate,
            error,
        )
        stages = (
            Span("queue", "internal", at.polled, at.taken, {}),
            Span("decode", "internal", at.taken, at.decoded, {}),
            Span("infer", "internal", at.started, at.inferred, {}),
            Span(f"send {to}", "producer", decided, at.acknowledged, _sending(to)),
        )
        return (whole, *(stage for stage in stages if stage.start and stage.end))

    def _end(self, outcome: Outcome) -> tuple[str, dict[str, str | int], str]:
        """Where the outcome goes, what is said of it, and what went wrong."""
        said: dict[str, str | int] = {"yardlight.outcome": outcome_name(outcome)}
        match outcome:
            case Classified():
                return self.results_topic, said, ""
            case Skipped():
                return self.skipped_topic, said | {"yardlight.skipped": outcome.reason}, ""
            case DeadLettered():
                return self.dead_letters_topic, said | {"error.type": outcome.reason}, outcome.error

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


def _sending(topic: str) -> dict[str, str | int]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": topic,
    }
