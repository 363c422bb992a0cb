"""What part of a topic a user means: partitions, from a point, up to another."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter, Token

from edge.cloudevents import format_time, parse_time

_AGE = re.compile(r"(?P<count>\d+(?:\.\d+)?)(?P<unit>[smhd])")
_MOST_DIGITS = 18
"""Of any offset: Kafka counts in 63 bits."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A point in time."""

    seconds: float
    """Unix seconds."""

    def __str__(self) -> str:
        return format_time(self.seconds)


Point: TypeAlias = int | Moment
"""An offset in each partition, or a moment: the first record that is not older."""


def parse_point(text: str, now: float) -> Point:
    """An offset, or whatever `parse_moment` reads.

    Raises:
        ValueError: it is none of these.
    """
    if text.isascii() and text.isdigit():
        if len(text.lstrip("0")) > _MOST_DIGITS:
            raise ValueError(f"{text[:_MOST_DIGITS]}… is beyond every offset")
        return int(text)
    try:
        return parse_moment(text, now)
    except ValueError as error:
        raise ValueError(f"{error}, nor an offset") from None


def parse_moment(text: str, now: float) -> Moment:
    """RFC 3339 with its offset from UTC, or an age such as `90s`, `15m`, `2h`, `3d` before `now`.

    Raises:
        ValueError: it is neither.
    """
    if (age := _AGE.fullmatch(text.strip())) is not None:
        seconds = float(age["count"]) * _SECONDS[age["unit"]]
        if seconds > now:
            raise ValueError(f"{text[:20]!r} is further back than time is counted")
        return Moment(now - seconds)
    try:
        return Moment(parse_time(text))
    except ValueError:
        raise ValueError(
            f"{text!r} is neither a time with its offset from UTC, such as 2026-11-24T08:00:00Z, "
            "nor an age, such as 15m or 2h"
        ) from None


def _point(_: Any, tokens: Sequence[Token]) -> Point:
    return parse_point(tokens[0].value, time.time())


def _moment(_: Any, tokens: Sequence[Token]) -> Moment:
    return parse_moment(tokens[0].value, time.time())


AsPoint = Parameter(converter=_point, n_tokens=1, accepts_keys=False)
AsMoment = Parameter(converter=_moment, n_tokens=1, accepts_keys=False)


def check_span(_: Any, span: "Span | None") -> None:
    """Refuse a span in which nothing can lie.

    Raises:
        ValueError: it ends where it begins or before, or one end is an offset and the other a time.
    """
    if span is None or span.start is None or span.end is None:
        return
    start, end = span.start, span.end
    if isinstance(start, Moment) != isinstance(end, Moment):
        raise ValueError("--from and --to must both be offsets or both be times")
    if not start < end:  # type: ignore[operator] # both of the same kind
        raise ValueError(f"nothing lies between --from {start} and --to {end}")


@Parameter(name="*", group="Range", validator=check_span)
@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which frames are meant; all that are kept if nothing is given."""

    partition: Annotated[tuple[int, ...], Parameter(negative="")] = ()
    """Only this partition; may be given several times."""

    start: Annotated[Point | None, Parameter(name="--from"), AsPoint] = None
    """First offset, or time (2026-11-24T08:00:00Z) or age (15m, 2h) of the first frame."""

    end: Annotated[Point | None, Parameter(name="--to"), AsPoint] = None
    """Offset, time or age up to which, not included."""


WHOLE = Span()
