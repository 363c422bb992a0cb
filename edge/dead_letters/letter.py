"""A dead letter as its record tells it."""

from dataclasses import dataclass

from edge.cloudevents import GROUP_HEADER, read_origin
from edge.frame import Headers, Partition
from edge.hops import HOPS, hops_of
from edge.record import Record

_OURS_BEGIN = "ce_specversion"
_NEVER_HAD_BYTES = {"null", "corrupt-record"}
"""Reasons of frames without bytes that anybody could read."""


class NotALetter(ValueError):  # noqa: N818 - a fact about the record
    """The record does not say which frame it is for, or why."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is known of one dead letter; its bytes stay in its record."""

    at: Partition
    offset: int
    written_at: float
    """Unix seconds."""
    reason: str
    error: str
    frame: Partition
    """Where the frame lies."""
    frame_offset: int
    frame_id: str
    camera: str
    group: str
    id: str
    """`ce_id` of the outcome: the same for every repeat of this letter."""
    hops: int
    size: int | None
    """Bytes of the picture, None where the letter holds none."""
    own: Headers
    """The frame's own headers."""
    ours: Headers
    """Those that say why it is here."""

    @property
    def place(self) -> str:
        return f"{self.at}@{self.offset}"

    @property
    def frame_place(self) -> str:
        return f"{self.frame}@{self.frame_offset}"

    @property
    def by_reference(self) -> bool:
        """Whether the bytes stayed where the frame lies: the dead-letters topic did not take them,
        or the letter is for a result that was too large.
        """
        return self.size is None and self.reason not in _NEVER_HAD_BYTES


def read_letter(record: Record) -> Letter:
    """Parse a record of the dead-letters topic.

    Raises:
        NotALetter: it is none of Yardlight's.
    """
    own, ours = _own_and_ours(record.headers)
    said = dict(ours)
    try:
        frame = Partition(said["yardlight_topic"].decode(), int(said["yardlight_partition"]))
        frame_offset = int(said["yardlight_offset"])
        reason = said["yardlight_reason"].decode()
    except (KeyError, ValueError) as error:
        raise NotALetter(
            f"{record.partition}@{record.offset} is no dead letter: {error!r}"
        ) from None
    written = record.timestamp
    origin = read_origin(frame, frame_offset, record.key, own, recorded_at=written, now=written)
    return Letter(
        at=record.partition,
        offset=record.offset,
        written_at=written,
        reason=reason,
        error=said.get("yardlight_error", b"").decode("utf-8", "replace"),
        frame=frame,
        frame_offset=frame_offset,
        frame_id=origin.id,
        camera=origin.camera,
        group=said.get(GROUP_HEADER, b"").decode("utf-8", "replace"),
        id=said.get("ce_id", b"").decode("utf-8", "replace"),
        hops=hops_of(own if HOPS in dict(own) else ours),
        size=None if record.value is None else len(record.value),
        own=own,
        ours=ours,
    )


def _own_and_ours(headers: Headers) -> tuple[Headers, Headers]:
    """The frame's own headers come first; ours begin with the last `ce_specversion`."""
    begins = [index for index, (name, _) in enumerate(headers) if name == _OURS_BEGIN]
    start = begins[-1] if begins else 0
    return headers[:start], headers[start:]
