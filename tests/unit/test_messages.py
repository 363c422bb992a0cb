"""What an outcome looks like as a record: where it goes, its key, its headers, its bytes."""

import json
from collections.abc import Callable

import pytest

from deploy.bundle.errors import Fatal
from edge.frame import Frame
from edge.outcome import Outcome
from edge.pipeline.messages import MessageWriter, too_large
from edge.settings.topics import TopicSettings
from tests.unit.outcomes import (
    CAPTURED_AT,
    aged_out,
    classified,
    dead_lettered,
    inferred_frame,
    skipped,
    some_writer,
)

OWN_HEADERS = (
    ("ce_id", b"frame-7"),
    ("x-lens", b"\x00\xff"),
    ("ce_id", b"frame-7 again"),
    ("empty", b""),
)
WRITER = MessageWriter(
    "yard",
    TopicSettings(results_topic="seen", dead_letters_topic="dead", skipped_topic="skipped"),
    some_writer(),
    clock=lambda: 101.75,
    wall=lambda: CAPTURED_AT + 2.0,
)


def headers_of(outcome: Outcome) -> dict[str, bytes]:
    """The last header of each name, as Kafka's `lastHeader` finds it."""
    return dict(WRITER.write(outcome).headers)


def test_a_classification_goes_to_the_results_under_the_frames_own_key() -> None:
    message = WRITER.write(classified())
    assert (message.topic, message.key) == ("seen", b"gate-1")
    assert message.value is not None
    assert json.loads(message.value)["label"] == "vehicle"


def test_a_classification_is_a_cloudevent_of_its_own() -> None:
    headers = headers_of(classified(inferred_frame(headers=OWN_HEADERS)))
    assert headers == {
        "ce_specversion": b"1.0",
        "ce_type": b"io.yardlight.classification.v1",
        "ce_source": b"/yardlight/yard",
        "ce_id": b"yard/frames/3/42",
        "ce_time": b"2026-09-21T14:13:22.250000Z",
        "ce_consumergroup": b"yard",
        "content-type": b"application/json",
    }


def test_a_trace_is_handed_on() -> None:
    assert headers_of(classified(inferred_frame(traceparent="00-1-2-01")))["traceparent"] == (
        b"00-1-2-01"
    )


def test_how_often_a_frame_was_put_back_is_handed_on() -> None:
    came_back = (("yardlight_hops", b"2"), ("yardlight_replay_of", b"yard/frames/0/7"))
    headers = headers_of(classified(inferred_frame(headers=(*OWN_HEADERS, *came_back))))
    assert headers["yardlight_hops"] == b"2"
    assert headers["yardlight_replay_of"] == b"yard/frames/0/7"
    assert "x-lens" not in headers


@pytest.mark.parametrize("outcome", [classified, skipped, dead_lettered])
def test_a_frame_without_a_key_gets_its_camera_as_one(
    outcome: Callable[[Frame], Outcome],
) -> None:
    assert WRITER.write(outcome(inferred_frame(key=None))).key == b"gate-1"


def test_an_empty_key_stays_empty() -> None:
    assert WRITER.write(classified(inferred_frame(key=b""))).key == b""


@pytest.mark.parametrize("value", [b"half a JPEG", b"", None])
def test_a_dead_letter_holds_the_frames_own_bytes(value: bytes | None) -> None:
    message = WRITER.write(dead_lettered(inferred_frame(value=value)))
    assert (message.topic, message.key, message.value) == ("dead", b"gate-1", value)


def test_a_dead_letter_keeps_the_frames_headers_first_and_untouched() -> None:
    headers = WRITER.write(dead_lettered(inferred_frame(headers=OWN_HEADERS))).headers
    assert tuple(headers[: len(OWN_HEADERS)]) == OWN_HEADERS


def test_a_dead_letter_says_why_and_where_the_frame_lies() -> None:
    headers = headers_of(dead_lettered(inferred_frame(headers=OWN_HEADERS)))
    assert headers["ce_type"] == b"io.yardlight.dead-letter.v1"
    assert headers["yardlight_reason"] == b"truncated"
    assert headers["yardlight_error"] == b"expected a JPEG, found half of one"
    assert headers["yardlight_topic"] == b"frames"
    assert headers["yardlight_partition"] == b"3"
    assert headers["yardlight_offset"] == b"42"


def test_where_frame_and_dead_letter_name_the_same_attribute_ours_comes_last() -> None:
    forged = (("yardlight_offset", b"7"), ("ce_consumergroup", b"other"), *OWN_HEADERS)
    headers = headers_of(dead_lettered(inferred_frame(headers=forged)))
    assert headers["ce_id"] == b"yard/frames/3/42"
    assert headers["yardlight_offset"] == b"42"
    assert headers["ce_consumergroup"] == b"yard"


def test_a_skipped_frame_is_an_event_under_the_frames_own_key() -> None:
    message = WRITER.write(skipped(inferred_frame(headers=OWN_HEADERS)))
    headers = dict(message.headers)
    assert (message.topic, message.key) == ("skipped", b"gate-1")
    assert headers["ce_type"] == b"io.yardlight.skipped.v1"
    assert headers["ce_id"] == b"yard/frames/3/42"
    assert headers["content-type"] == b"application/json"


def test_frames_deleted_unread_are_one_event_named_after_the_last_of_them() -> None:
    assert headers_of(aged_out(7, 10))["ce_id"] == b"yard/frames/3/10"


def test_a_skipped_frame_whose_key_is_too_large_becomes_a_dead_letter_by_reference() -> None:
    letter = too_large(skipped(), "2 MB, allowed is 1")
    assert letter.reason == "result-too-large"
    assert WRITER.by_reference(letter).topic == "dead"


def test_a_topic_that_does_not_take_a_list_of_offsets_stops_the_service() -> None:
    with pytest.raises(Fatal, match="must take records of 128 KiB, this one had 4 offsets"):
        too_large(aged_out(7, 10), "60 KB, allowed are 50")


def test_a_frame_too_large_for_its_dead_letter_is_named_instead_of_held() -> None:
    frame = inferred_frame(headers=OWN_HEADERS)
    letter = too_large(dead_lettered(frame), "16 MB, allowed are 15")
    message = WRITER.by_reference(too_large(letter, "17 MB, allowed are 16"))
    headers = dict(message.headers)
    assert message.value is None
    assert tuple(message.headers[: len(OWN_HEADERS)]) == OWN_HEADERS
    assert headers["yardlight_reason"] == b"truncated"
    assert headers["yardlight_error"] == (
        b"expected a JPEG, found half of one; "
        b"the bytes stayed at frames/3/42: 17 MB, allowed are 16"
    )


def test_a_bare_dead_letter_leaves_the_frames_own_key_and_headers_where_the_frame_lies() -> None:
    frame = inferred_frame(headers=OWN_HEADERS)
    letter = too_large(dead_lettered(frame), "its headers are too large")
    bare = WRITER.by_reference(letter, bare=True)
    full = WRITER.by_reference(letter)
    assert (bare.topic, bare.key, bare.value) == ("dead", b"unknown", None)
    assert bare.headers == full.headers[len(OWN_HEADERS) :]
    assert dict(bare.headers)["yardlight_offset"] == b"42"


def test_a_result_too_large_for_its_topic_becomes_a_dead_letter_by_reference() -> None:
    message = WRITER.by_reference(too_large(classified(), "2 MB, allowed is 1"))
    headers = dict(message.headers)
    assert (message.topic, message.value) == ("dead", None)
    assert headers["yardlight_reason"] == b"result-too-large"
    assert headers["yardlight_error"] == (b"the bytes stayed at frames/3/42: 2 MB, allowed is 1")


def test_a_repeat_of_an_outcome_has_the_same_id() -> None:
    def ids(frame: Frame) -> set[bytes]:
        return {headers_of(classified(frame))["ce_id"], headers_of(dead_lettered(frame))["ce_id"]}

    assert ids(inferred_frame()) == ids(inferred_frame()) == {b"yard/frames/3/42"}
    assert ids(inferred_frame(offset=43)) == {b"yard/frames/3/43"}
