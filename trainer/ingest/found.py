"""A picture that a source offers, before it is part of the data set."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deploy.bundle.annotation import Box, Said


@dataclass(frozen=True, slots=True)
class Found:
    """One encoded picture with what its source knows of it."""

    data: bytes
    source: str
    """A name for people: relative to the source, never a path of the machine."""
    labels: tuple[str, ...] = ()
    nothing: bool = False
    """No label because it shows none of them, not because nobody has said what it shows."""
    by: str = "folder"
    split: str | None = None
    """The split that the source had it in, where it had one."""
    camera: str | None = None
    taken_at: float | None = None
    """Unix seconds, or seconds since the begin of its video: neighbours are told by it."""
    has_clock: bool = False
    """Whether `taken_at` is a time of day."""
    origin: str | None = None
    """sha256 of the picture that it was cut out of."""
    boxes: tuple[Box, ...] = ()
    said: Said | None = None
    disagree: tuple[str, ...] = ()


@dataclass(slots=True)
class Losses:
    """What was left out, and why; the first of each kind are named."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def note(self, why: str, what: str) -> None:
        self.counts[why] += 1
        self.examples.setdefault(why, what)


def read_or_note(path: Path, source: str, losses: Losses) -> bytes | None:
    """A picture's bytes; None, and a loss, where they cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        losses.note(f"cannot be read ({error.strerror})", source)
        return None


class Source(Protocol):
    """Where pictures come from. Iterating opens it."""

    def pictures(self, losses: Losses) -> Iterator[Found]:
        """What it holds, in order; what cannot be used is noted as a loss.

        Raises:
            DataError: the source cannot be read at all.
        """
