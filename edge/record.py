"""Records as they are read from Kafka and as they are sent to it, whatever client does that."""

from dataclasses import dataclass, field

from edge.frame import Headers, Partition


@dataclass(frozen=True, slots=True)
class Record:
    """One record that was read."""

    partition: Partition
    offset: int
    timestamp: float
    """Unix seconds."""
    key: bytes | None
    value: bytes | None
    headers: Headers
    corrupt: str | None = None
    """How its batch failed the checksum, where it did; then there is no value."""
    lost_from: int | None = None
    """The first of the offsets up to this one that retention deleted before anybody read them,
    where it did; then there is no record at all."""


@dataclass(frozen=True, slots=True)
class Message:
    """A record to be sent."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] = field(default_factory=list)


class TooLarge(Exception):  # noqa: N818 - a fact about the record, not a fault of the program
    """The broker does not take a record of this size on this topic."""


class Aborted(Exception):  # noqa: N818 - nothing was lost by it
    """A transaction came to nothing: none of its records and offsets count."""
