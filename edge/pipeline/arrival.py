"""A record becomes a frame: where it comes from, how old it is, which ledger it belongs to."""

from edge.assignments import Assignment
from edge.cloudevents import LAST_MOMENT, Origin, read_origin
from edge.frame import UNKNOWN_CAMERA, Frame, Stamps
from edge.record import Record


def arrive(
    record: Record, assignment: Assignment, *, polled: float, now: float
) -> tuple[Frame, Origin]:
    """The frame of a record, delivered to its ledger, and what it says of itself.

    Args:
        polled: the monotonic clock.
        now: the wall clock, Unix seconds.
    """
    assignment.ledger.deliver(record.offset)
    frame, origin = frame_of(record, polled=polled, now=now, assignment=assignment.number)
    frame.suspect = record.offset < assignment.suspicion.before
    return frame, origin


def frame_of(
    record: Record, *, polled: float, now: float, assignment: int = 0
) -> tuple[Frame, Origin]:
    """The frame of a record, and what it says of itself; clocks as for `arrive`."""
    recorded_at = record.timestamp if 0 < record.timestamp <= LAST_MOMENT else now
    origin = read_origin(
        record.partition,
        record.offset,
        record.key,
        record.headers,
        recorded_at=recorded_at,
        now=now,
    )
    frame = Frame(
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=record.headers,
        camera=origin.camera,
        id=origin.id,
        captured_at=origin.captured_at,
        stamps=Stamps(
            appended=polled - max(0.0, now - recorded_at),
            polled=polled,
            captured=polled - max(0.0, now - origin.captured_at),
        ),
        traceparent=origin.traceparent,
        assignment=assignment,
        corrupt=record.corrupt,
    )
    return frame, origin


def stand_in(record: Record, assignment: Assignment, *, polled: float, now: float) -> Frame:
    """A frame for all those that retention deleted unread up to this offset, delivered as one."""
    assignment.ledger.deliver(record.offset)
    return Frame(
        partition=record.partition,
        offset=record.offset,
        key=None,
        value=None,
        headers=(),
        camera=UNKNOWN_CAMERA,
        id=f"{record.partition}/{record.offset}",
        captured_at=now,
        stamps=Stamps(appended=polled, polled=polled, captured=polled),
        assignment=assignment.number,
    )
