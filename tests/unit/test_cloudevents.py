"""The identity of a frame as its headers tell it, and the headers of its outcome."""

from datetime import datetime, timedelta, timezone

import pytest
from cloudevents.core.bindings import kafka
from hypothesis import given
from hypothesis import strategies as st

from edge.cloudevents import (
    FUTURE_TOLERANCE,
    Origin,
    format_time,
    outcome_headers,
    outcome_id,
    parse_time,
    read_origin,
)
from edge.frame import Headers, Partition
from tests.unit.outcomes import PARTITION

NOW = 1_790_000_000.0
RECORDED_AT = NOW - 1.0
CAPTURED = b"2026-09-21T14:13:17.5Z"
ALL: Headers = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"frame-7"),
    ("ce_source", b"gate-2"),
    ("ce_time", CAPTURED),
    ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
)


def origin(headers: Headers, key: bytes | None = b"gate-1") -> Origin:
    return read_origin(PARTITION, 42, key, headers, recorded_at=RECORDED_AT, now=NOW)


def test_a_frame_that_says_everything_is_believed() -> None:
    assert origin(ALL) == Origin(
        camera="gate-1",
        id="frame-7",
        captured_at=NOW - 2.5,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        skew=1.5,
        fault=None,
    )


def test_a_frame_that_says_nothing_is_known_by_its_place_and_its_records_time() -> None:
    assert origin((), key=None) == Origin(
        camera="unknown",
        id="frames/3/42",
        captured_at=RECORDED_AT,
        traceparent=None,
        skew=None,
        fault=None,
    )


def test_without_a_key_the_source_names_the_camera() -> None:
    assert origin(ALL, key=None).camera == "gate-2"
    assert origin(ALL, key=b"  ").camera == "gate-2"


def test_the_last_of_two_headers_of_one_name_counts_however_it_is_written() -> None:
    assert origin((("ce_id", b"first"), ("CE_ID", b"second"))).id == "second"


def test_bytes_that_are_no_text_are_replaced_and_never_raised() -> None:
    found = origin((("ce_id", b"\xff\xfe"), ("traceparent", b"\xff")), key=b"gate\xff")
    assert (found.camera, found.id) == ("gate\ufffd", "\ufffd\ufffd")


@pytest.mark.parametrize(
    "time",
    [
        b"",
        b"yesterday",
        b"1790000000",
        b"2026-09-21T14:13:17",
        b"2026-02-30T00:00:00Z",
        b"\xff",
        b"0001-01-01T00:00:00+14:00",
    ],
)
def test_a_malformed_capture_time_gives_way_to_the_records(time: bytes) -> None:
    found = origin((("ce_time", time),))
    assert (found.fault, found.captured_at, found.skew) == ("malformed", RECORDED_AT, None)


def test_a_capture_time_in_the_future_gives_way_but_its_skew_is_told() -> None:
    ahead = format_time(NOW + FUTURE_TOLERANCE + 1).encode()
    found = origin((("ce_time", ahead),))
    assert (found.fault, found.captured_at) == ("future", RECORDED_AT)
    assert found.skew == pytest.approx(-FUTURE_TOLERANCE - 2)


def test_a_clock_that_runs_a_little_ahead_is_believed() -> None:
    ahead = format_time(NOW + FUTURE_TOLERANCE - 1).encode()
    found = origin((("ce_time", ahead),))
    assert (found.fault, found.captured_at) == (None, NOW + FUTURE_TOLERANCE - 1)


@given(
    st.binary(max_size=40) | st.text(alphabet="0123456789-:+.TtZz ", max_size=40).map(str.encode)
)
def test_whatever_a_header_holds_the_capture_time_can_be_written_again(time: bytes) -> None:
    found = origin((("ce_time", time),))
    assert format_time(found.captured_at)


@given(
    st.datetimes(
        min_value=datetime(1, 1, 2),  # noqa: DTZ001 - the zone comes from the next argument
        max_value=datetime(2026, 1, 1),  # noqa: DTZ001
        timezones=st.integers(-14 * 60, 14 * 60).map(
            lambda minutes: timezone(timedelta(minutes=minutes))
        ),
    )
)
def test_a_time_is_read_in_any_zone_to_the_microsecond(moment: datetime) -> None:
    assert parse_time(moment.isoformat()) == pytest.approx(moment.timestamp(), abs=1e-4)


@pytest.mark.parametrize("fraction", ["", ".5", ".50", ".500", ".5000000", ".500000000"])
def test_a_fraction_may_have_any_number_of_digits(fraction: str) -> None:
    expected = 0.5 if fraction else 0.0
    assert parse_time(f"2026-09-21t14:13:20{fraction}z") == NOW + expected


def test_a_written_time_is_utc_with_microseconds() -> None:
    assert format_time(NOW + 0.25) == "2026-09-21T14:13:20.250000Z"
    assert parse_time(format_time(NOW + 0.25)) == NOW + 0.25


def test_an_outcomes_id_is_a_function_of_group_topic_partition_and_offset() -> None:
    ids = {
        outcome_id(group, Partition(topic, number), offset)
        for group in ("yard", "gate")
        for topic in ("frames", "other")
        for number in (0, 1)
        for offset in (0, 1)
    }
    assert len(ids) == 16
    assert outcome_id("yard", Partition("frames", 3), 42) == "yard/frames/3/42"


def test_the_cloudevents_sdk_reads_our_headers() -> None:
    headers = outcome_headers("classification", "yard", PARTITION, 42, NOW, "application/json")
    event = kafka.from_binary_event(
        kafka.KafkaMessage(headers=dict(headers), key=b"gate-1", value=b'{"label": "vehicle"}')
    )
    assert event.get_specversion() == "1.0"
    assert event.get_type() == "io.yardlight.classification.v1"
    assert event.get_source() == "/yardlight/yard"
    assert event.get_id() == "yard/frames/3/42"
    assert event.get_time() == datetime.fromtimestamp(NOW, tz=timezone.utc)
    assert event.get_datacontenttype() == "application/json"
    assert event.get_extension("consumergroup") == "yard"
    assert event.get_data() == {"label": "vehicle"}


def test_no_attribute_of_an_outcome_comes_twice() -> None:
    names = [name for name, _ in outcome_headers("x", "yard", PARTITION, 1, NOW, "text/plain")]
    assert len(names) == len(set(names))
