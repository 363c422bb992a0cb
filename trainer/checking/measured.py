"""What was measured of each picture, kept by its content: one that was moved, given another label
or written anew as it was is not decoded again, and one that nobody touched is not even read.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from trainer.checking.kept import read_sealed, write_sealed

_FILE = "measured.msgpack"
_UNSETTLED_NS = 2_000_000_000
"""A file may change again within one tick of the file system's clock, two seconds at most, without
showing it: one that is younger than that is read again next time."""


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """What the file system says of a file, and changes with it."""

    size: int
    modified_ns: int
    changed_ns: int
    """Whoever writes a file and sets its time back cannot set this one back."""
    inode: int

    @classmethod
    def of(cls, path: Path) -> "Stamp | None":
        """None where there is no such file."""
        try:
            found = path.stat()
        except OSError:
            return None
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)

    @property
    def is_settled(self) -> bool:
        """Whether another change, now, would show."""
        return max(self.modified_ns, self.changed_ns) < time.time_ns() - _UNSETTLED_NS


class Measured(msgspec.Struct, frozen=True):
    """Of the content of one file."""

    sha256: str = ""
    """Empty where it could not be read."""
    problem: str = ""
    """Why it cannot be decoded; empty where it can, and only then is there anything below."""
    width: int = 0
    height: int = 0
    qualities: dict[str, float] = {}
    """What CleanVision's scores are computed from (`trainer.checking.quality`)."""
    grey: bytes = b""
    """uint8 [48, 48], what likeness is told from."""
    features: bytes = b""
    """float32 [F], what is known without a network (`trainer.checking.plain`)."""


class _Kept(msgspec.Struct, tag_field="schema", tag="yardlight.measured/3"):
    files: dict[bytes, tuple[Stamp, str]]
    """By path, as bytes, for a name need not be text: stamp, and sha256 of what it holds."""
    measured: list[Measured]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of files by their paths, and of contents by their sha256."""

    files: dict[str, tuple[Stamp, str]] = field(default_factory=dict)
    measured: dict[str, Measured] = field(default_factory=dict)

    def note(self, path: str, stamp: Stamp | None, one: Measured) -> None:
        """What cannot be read is not known, and what may change unseen is known by content only."""
        if one.sha256:
            self.measured[one.sha256] = one
            if stamp is not None:
                self.files[path] = stamp, one.sha256

    def untouched(self, path: str, stamp: Stamp | None) -> Measured | None:
        """What was measured of a file that is as it was."""
        before = self.files.get(path)
        if before is None or before[0] != stamp:
            return None
        return self.measured.get(before[1])


def read_known(folder: Path) -> Known:
    """Nothing where nothing usable was kept."""
    kept: _Kept | None = read_sealed(folder / _FILE, _Kept)
    if kept is None:
        return Known()
    files = {os.fsdecode(path): found for path, found in kept.files.items()}
    return Known(files, {one.sha256: one for one in kept.measured})


def write_known(folder: Path, known: Known, more: Mapping[str, Measured]) -> None:
    """Keep what is known, and `more` of contents.

    Raises:
        OSError: the disk is full, or the folder may not be written.
    """
    files = {os.fsencode(path): found for path, found in known.files.items()}
    write_sealed(folder / _FILE, _Kept(files, list({**more, **known.measured}.values())))
