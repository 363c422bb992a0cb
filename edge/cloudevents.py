"""CloudEvents 1.0 in Kafka's binary mode: attributes as headers with the prefix `ce_`."""

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal, TypeAlias

from edge.frame import UNKNOWN_CAMERA, Headers, Partition

_FRACTION = re.compile(r"\.(\d+)")

GROUP_HEADER = "ce_consumergroup"
FUTURE_TOLERANCE = 5.0
"""Seconds by which a camera's clock may run ahead before its capture time is not believed."""

LAST_MOMENT = 253_402_300_799.0
"""Unix seconds of 9999-12-31T23:59:59Z: no later time can be written."""

TimeFault: TypeAlias = Literal["malformed", "future"]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a frame record says of itself: where it comes from and when it was captured."""

    camera: str
    id: str
    captured_at: float
    """Unix seconds."""
    traceparent: str | None
    skew: float | None
    """Record timestamp minus capture time in seconds, where the record carries a capture time."""
    fault: TimeFault | None
    """Why the capture time was replaced by the record's own, if it was."""


def read_origin(
    partition: Partition,
    offset: int,
    key: bytes | None,
    headers: Headers,
    *,
    recorded_at: float,
    now: float,
) -> Origin:
    """Read the identity of a frame; whatever is missing or damaged has a defined stand-in.

    Args:
        recorded_at: the record's timestamp, Unix seconds.
        now: this machine's wall clock, Unix seconds.
    """
    attributes = {name.lower(): value for name, value in headers}
    claimed, fault = _capture_time(attributes.get("ce_time"), now)
    return Origin(
        camera=_text(key) or _text(attributes.get("ce_source")) or UNKNOWN_CAMERA,
        id=_text(attributes.get("ce_id")) or f"{partition}/{offset}",
        captured_at=recorded_at if claimed is None or fault else claimed,
        traceparent=_text(attributes.get("traceparent")) or None,
        skew=None if claimed is None else recorded_at - claimed,
        fault=fault,
    )


def outcome_headers(
    kind: str, group: str, partition: Partition, offset: int, now: float, content_type: str
) -> list[tuple[str, bytes]]:
    """Headers of an outcome record. Its `ce_id` is a function of group, topic, partition, offset,
    so that a repeat is recognised whoever made it.

    Args:
        kind: last word of the event type, such as `classification`.
        now: Unix seconds.
    """
    attributes = {
        "ce_specversion": "1.0",
        "ce_type": f"io.yardlight.{kind}.v1",
        "ce_source": f"/yardlight/{group}",
        "ce_id": outcome_id(group, partition, offset),
        "ce_time": format_time(now),
        GROUP_HEADER: group,
        "content-type": content_type,
    }
    return [(name, value.encode()) for name, value in attributes.items()]


def outcome_id(group: str, partition: Partition, offset: int) -> str:
    """The `ce_id` of the one outcome of a frame in a consumer group."""
    return f"{group}/{partition.topic}/{partition.number}/{offset}"


def format_time(seconds: float) -> str:
    """Unix seconds as RFC 3339 in UTC with microseconds."""
    moment = datetime.fromtimestamp(seconds, tz=timezone.utc)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_time(text: str) -> float:
    """RFC 3339 to Unix seconds.

    Raises:
        ValueError: not a time, one without its offset from UTC, or one that UTC cannot write.
    """
    upright = _FRACTION.sub(_microseconds, text.strip().upper().replace("Z", "+00:00"))
    moment = datetime.fromisoformat(upright)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    try:
        return moment.astimezone(timezone.utc).timestamp()
    except OverflowError:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999") from None


def _capture_time(value: bytes | None, now: float) -> tuple[float | None, TimeFault | None]:
    if value is None:
        return None, None
    try:
        claimed = parse_time(_text(value))
    except ValueError:
        return None, "malformed"
    return claimed, "future" if claimed - now > FUTURE_TOLERANCE else None


def _microseconds(fraction: re.Match[str]) -> str:
    """Python 3.10 reads exactly three or six digits; cameras write anything from one to nine."""
    return f".{fraction.group(1)[:6]:0<6}"


def _text(value: bytes | None) -> str:
    return value.decode("utf-8", "replace").strip() if value else ""
