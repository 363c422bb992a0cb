"""What a trace shows of a frame: the whole, its stages in order, and what it ended in."""

from dataclasses import replace

from edge.frame import Stamps
from edge.spans import SpanWriter
from tests.unit.outcomes import PARTITION, classified, dead_lettered, inferred_frame

WRITER = SpanWriter("yard", "classifications", "frames.dead-letters", "frames.skipped")


def test_a_classified_frame_is_a_span_with_its_stages_within() -> None:
    frame = inferred_frame()
    frame.stamps.acknowledged = 102.0
    spans = WRITER.write(classified(frame))
    assert [(span.name, span.kind, span.start, span.end) for span in spans] == [
        ("process frames", "consumer", 100.5, 102.0),
        ("queue", "internal", 100.5, 100.75),
        ("decode", "internal", 100.75, 101.0),
        ("infer", "internal", 101.25, 101.5),
        ("send classifications", "producer", 101.5, 102.0),
    ]


def test_it_says_where_the_frame_lies_in_the_conventions_words() -> None:
    whole, *_ = WRITER.write(classified(inferred_frame(offset=42)))
    said = whole.attributes
    assert said["messaging.system"] == "kafka"
    assert said["messaging.destination.name"] == PARTITION.topic
    assert said["messaging.destination.partition.id"] == str(PARTITION.number)
    assert said["messaging.kafka.offset"] == 42
    assert said["messaging.consumer.group.name"] == "yard"
    assert (whole.error, said["yardlight.outcome"]) == ("", "classified")


def test_a_dead_letter_is_an_error_with_its_reason_and_was_never_inferred() -> None:
    frame = inferred_frame()
    frame.stamps = Stamps(100.0, 100.5, taken=100.75, decoded=101.0, acknowledged=102.0)
    whole, *stages = WRITER.write(dead_lettered(frame))
    assert whole.attributes["error.type"] == "truncated"
    assert whole.error == "expected a JPEG, found half of one"
    assert [stage.name for stage in stages] == ["queue", "decode", "send frames.dead-letters"]


def test_no_span_holds_the_picture() -> None:
    frame = replace(inferred_frame(), value=b"a face")
    for span in WRITER.write(classified(frame)):
        assert not any("face" in str(value) for value in span.attributes.values())
