"""No time that a record or a camera claims keeps its outcome from being written."""

import json
from dataclasses import replace

import pytest

from edge.frame import Frame, Headers
from edge.outcome import DeadLettered, Outcome
from edge.pipeline.messages import MessageWriter
from edge.settings.topics import TopicSettings
from tests.frames import classified
from tests.unit.outcomes import some_writer
from tests.unit.polling import WALL, Polling, record

YEAR_10000 = 253_402_300_800.0
LARGEST = (2**63 - 1) / 1000  # of a record's timestamp


def polled(timestamp: float, headers: Headers = ()) -> Frame:
    work = Polling()
    work.run([record(0, timestamp=timestamp, headers=headers)])
    (frame,) = work.waiting()
    frame.stamps = replace(frame.stamps, taken=1.0, decoded=1.0, started=1.0, inferred=1.0)
    return frame


def written(outcome: Outcome) -> bytes | None:
    writer = MessageWriter("yard", TopicSettings(), some_writer(), lambda: 101.0, lambda: WALL)
    return writer.write(outcome).value


@pytest.mark.parametrize("timestamp", [YEAR_10000, LARGEST, -LARGEST, -0.001, 0.0])
def test_a_record_whose_timestamp_is_no_time_was_captured_now(timestamp: float) -> None:
    frame = polled(timestamp)
    assert frame.captured_at == WALL
    value = written(classified(frame))
    assert value is not None
    assert json.loads(value)["frame"]["captured_at"] == "2023-11-14T22:13:20.000000Z"


@pytest.mark.parametrize("timestamp", [YEAR_10000 - 1, 0.001, WALL])
def test_any_other_timestamp_is_written_as_it_is(timestamp: float) -> None:
    frame = polled(timestamp)
    assert frame.captured_at == timestamp
    assert written(classified(frame))


@pytest.mark.parametrize(
    "claimed",
    [b"0001-01-01T00:00:00+14:00", b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59-14:00"],
)
def test_a_claim_from_the_ends_of_the_calendar_does_not_stop_the_service(claimed: bytes) -> None:
    frame = polled(WALL, (("ce_time", claimed),))
    assert written(classified(frame))
    assert written(DeadLettered(frame, "truncated", "it ends too early")) == b"picture"
