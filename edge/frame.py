"""A frame: one record of the `frames` topic, and the stamps that it collects on its way."""

from dataclasses import dataclass

UNKNOWN_CAMERA = "unknown"

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """A partition of a topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.number}"


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets from `start` up to, not including, `end`."""

    start: int
    end: int


@dataclass(slots=True)
class Stamps:
    """Monotonic seconds at which a frame passed each point; a later stage fills in the next one.

    `appended` is wall-clock time brought onto the monotonic scale where the frame was polled, the
    only place where the two clocks meet.
    """

    appended: float
    polled: float
    taken: float = 0.0
    decoded: float = 0.0
    started: float = 0.0
    inferred: float = 0.0
    acknowledged: float = 0.0
    captured: float = 0.0
    """As `appended`, by the camera's clock where that can be believed."""

    def stages(self) -> dict[str, float]:
        """Seconds in each finished stage, in order; they sum to the time since `appended`."""
        chain = (
            ("transport", self.polled),
            ("queue", self.taken),
            ("decode", self.decoded),
            ("batch", self.started),
            ("inference", self.inferred),
            ("publish", self.acknowledged),
        )
        seconds: dict[str, float] = {}
        before = self.appended
        for stage, at in chain:
            if not at:
                continue
            seconds[stage] = at - before
            before = at
        return seconds


@dataclass(slots=True)
class Frame:
    """A record of the `frames` topic as it was polled. `value` is the encoded image."""

    partition: Partition
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    camera: str
    id: str
    captured_at: float
    """Unix seconds: `ce_time` where it can be believed, else the record's own timestamp."""
    stamps: Stamps
    traceparent: str | None = None
    assignment: int = 0
    """Which assignment of the partition this frame came with; a later one has its own ledger."""
    corrupt: str | None = None
    """How the record failed its checksum, where it did: then there is no value."""
    suspect: bool = False
    """Somebody died who may have been working on it."""

    @property
    def size(self) -> int:
        """Bytes of the encoded image."""
        return len(self.value) if self.value else 0

    def let_go(self) -> None:
        """Its outcome needs the picture no more, however long that waits to go out."""
        self.value = None
