"""What each outcome looks like as a record of its topic."""

from collections.abc import Callable
from dataclasses import dataclass

from deploy.bundle.errors import Fatal
from edge.cloudevents import outcome_headers
from edge.frame import UNKNOWN_CAMERA, Frame
from edge.hops import handed_on
from edge.outcome import Classified, DeadLettered, Outcome, Skipped
from edge.record import Message
from edge.settings.topics import TopicSettings
from edge.wire import ClassificationWriter, write_skipped

JSON = "application/json"
BYTES = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class MessageWriter:
    """Writes outcome records of one consumer group."""

    group: str
    topics: TopicSettings
    classifications: ClassificationWriter
    clock: Callable[[], float]
    wall: Callable[[], float]

    def write(self, outcome: Outcome) -> Message:
        match outcome:
            case Classified():
                return self._classification(outcome)
            case Skipped():
                return self._skipped(outcome)
            case DeadLettered():
                return self._dead_letter(outcome, outcome.frame.value)

    def by_reference(self, letter: DeadLettered, *, bare: bool = False) -> Message:
        """A dead letter that holds no frame, for a topic that does not take the whole one; a bare
        one leaves the frame's key and headers where they are too, but for how often it came back,
        and its camera unknown: a record without key and value is taken by no client.
        """
        message = self._dead_letter(letter, None)
        ours = message.headers[len(letter.frame.headers) :] + handed_on(letter.frame.headers)
        key = UNKNOWN_CAMERA.encode()
        return Message(message.topic, key, None, ours) if bare else message

    def _classification(self, outcome: Classified) -> Message:
        value = self.classifications.write(outcome, self.clock())
        headers = self._headers("classification", outcome.frame, JSON)
        if outcome.frame.traceparent:
            headers.append(("traceparent", outcome.frame.traceparent.encode()))
        headers += handed_on(outcome.frame.headers)
        return Message(self.topics.results_topic, _key(outcome.frame), value, headers)

    def _skipped(self, outcome: Skipped) -> Message:
        headers = self._headers("skipped", outcome.frame, JSON)
        value = write_skipped(outcome)
        return Message(self.topics.skipped_topic, _key(outcome.frame), value, headers)

    def _dead_letter(self, outcome: DeadLettered, value: bytes | None) -> Message:
        """The frame's own headers first, untouched; then ours. Where both name the same attribute
        the later one counts, as for Kafka's `lastHeader`.
        """
        frame = outcome.frame
        headers = [
            *frame.headers,
            *self._headers("dead-letter", frame, BYTES),
            ("yardlight_reason", outcome.reason.encode()),
            ("yardlight_error", outcome.error.encode()),
            ("yardlight_topic", frame.partition.topic.encode()),
            ("yardlight_partition", str(frame.partition.number).encode()),
            ("yardlight_offset", str(frame.offset).encode()),
        ]
        return Message(self.topics.dead_letters_topic, _key(frame), value, headers)

    def _headers(self, kind: str, frame: Frame, content_type: str) -> list[tuple[str, bytes]]:
        return outcome_headers(
            kind,
            group=self.group,
            partition=frame.partition,
            offset=frame.offset,
            now=self.wall(),
            content_type=content_type,
        )


def _key(frame: Frame) -> bytes:
    return frame.key if frame.key is not None else frame.camera.encode()


def too_large(outcome: Outcome, error: str) -> DeadLettered:
    """The outcome instead of one whose record the broker finds too large: it says where the frame
    lies.

    Raises:
        Fatal: it is the outcome of many frames at once.
    """
    stays = f"the bytes stayed at {outcome.frame.partition}/{outcome.frame.offset}: {error}"
    match outcome:
        case Classified():
            return DeadLettered(outcome.frame, "result-too-large", stays)
        case Skipped():
            if outcome.range:
                raise Fatal(
                    f"the topic of skipped frames must take records of 128 KiB, this one had "
                    f"{len(outcome.range)} offsets: {error}"
                )
            return DeadLettered(outcome.frame, "result-too-large", stays)
        case DeadLettered():
            said = outcome.error.partition("; the bytes stayed at ")[0]
            return DeadLettered(outcome.frame, outcome.reason, f"{said}; {stays}")
