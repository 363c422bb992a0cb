"""Frames and outcomes made by hand, for the tests of what they pass through."""

from edge.frame import Frame, Headers, Partition, Stamps
from edge.outcome import Classified, DeadLettered, Outcome, Skipped, SkipReason

PARTITION = Partition("frames", 0)
OTHER = Partition("frames", 1)


def make_frame(
    offset: int = 0,
    partition: Partition = PARTITION,
    *,
    value: bytes | None = b"picture",
    key: bytes | None = b"gate-1",
    headers: Headers = (),
    polled: float = 100.0,
    assignment: int = 1,
    corrupt: str | None = None,
) -> Frame:
    return Frame(
        partition=partition,
        offset=offset,
        key=key,
        value=value,
        headers=headers,
        camera="gate-1",
        id=f"frame-{offset}",
        captured_at=1_700_000_000.0,
        stamps=Stamps(appended=polled - 0.5, polled=polled),
        assignment=assignment,
        corrupt=corrupt,
    )


def classified(frame: Frame, label: str = "parcel") -> Classified:
    return Classified(frame, {label: 0.9})


def dead(frame: Frame, reason: str = "truncated") -> DeadLettered:
    return DeadLettered(frame, reason, "it ends too early")


def skipped(frame: Frame, reason: SkipReason = "expired") -> Skipped:
    return Skipped(frame, reason)


def outcome_of(offset: int, partition: Partition = PARTITION) -> Outcome:
    """The outcome of a frame of which nothing but the place matters."""
    return classified(make_frame(offset, partition))
