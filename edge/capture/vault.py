"""The folder in which frames are kept: for its owner only, up to a size and an age.

Frames show people, so whatever else lies in the folder, only what this wrote is ever deleted.
"""

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deploy.bundle.annotation import Annotation, annotation_of, write_annotation
from deploy.bundle.errors import Fatal
from deploy.bundle.whole import write_whole

_OURS = re.compile(r"(\d{13,})-\d+-\d+\.(jpg|png|webp)")
_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 60
_PRIVATE = 0o700
_SECRET = 0o600
_OTHERS = 0o077


@dataclass(frozen=True, slots=True, order=True)
class _Kept:
    taken_ms: int
    path: Path = field(compare=False)
    size: int = field(compare=False)


@dataclass(slots=True)
class Vault:
    folder: Path
    quota: int
    """Bytes."""
    max_age: float
    """Seconds."""
    _kept: list[_Kept] = field(default_factory=list)
    _bytes: int = 0

    def open(self) -> None:
        """Make the folder, or see what it holds.

        Raises:
            Fatal: others may look into it, or it cannot be made.
        """
        try:
            self.folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        except OSError as error:
            raise Fatal(f"{self.folder} cannot be made: {error.strerror}") from error
        if stat.S_IMODE(self.folder.stat().st_mode) & _OTHERS:
            raise Fatal(
                f"{self.folder} is open to others, and frames show people: chmod 700 it, or give "
                "--to another folder"
            )
        self._kept = sorted(self._found())
        self._bytes = sum(one.size for one in self._kept)

    def holds(self, camera: str, taken_at: float, place: tuple[int, int], suffix: str) -> bool:
        """Whether that frame was kept before."""
        return self._path(camera, taken_at, place, suffix).exists()

    def keep(
        self,
        camera: str,
        taken_at: float,
        place: tuple[int, int],
        suffix: str,
        data: bytes,
        annotation: Annotation,
    ) -> Path:
        """Write a frame and what is known of it.

        Args:
            taken_at: Unix seconds.
            place: partition and offset.

        Raises:
            OSError: the disk is full.
        """
        path = self._path(camera, taken_at, place, suffix)
        path.parent.mkdir(mode=_PRIVATE, exist_ok=True)
        # The annotation first: a frame is never there without it.
        write_annotation(path, annotation, _SECRET)
        write_whole(path, data, _SECRET)
        size = len(data) + annotation_of(path).stat().st_size
        self._kept.append(_Kept(round(taken_at * 1000), path, size))
        self._bytes += size
        return path

    def tidy(self, now: float) -> int:
        """Delete what is too old, then the oldest until the rest fits; how many.

        Args:
            now: Unix seconds.
        """
        self._kept.sort()
        before = (now - self.max_age) * 1000
        deleted = 0
        while self._kept and (self._kept[0].taken_ms < before or self._bytes > self.quota):
            oldest = self._kept.pop(0)
            oldest.path.unlink(missing_ok=True)
            annotation_of(oldest.path).unlink(missing_ok=True)
            self._bytes -= oldest.size
            deleted += 1
        return deleted

    def _found(self) -> Iterator[_Kept]:
        for path in self.folder.glob("*/*"):
            ours = _OURS.fullmatch(path.name)
            if ours is not None and path.is_file() and not path.is_symlink():
                beside = annotation_of(path)
                extra = beside.stat().st_size if beside.exists() else 0
                yield _Kept(int(ours[1]), path, path.stat().st_size + extra)

    def _path(self, camera: str, taken_at: float, place: tuple[int, int], suffix: str) -> Path:
        """Whoever writes to the topic chooses the camera's name; it leads nowhere else."""
        plain = _PLAIN.sub("-", camera).strip("-.")[:_LONGEST] or "camera"
        partition, offset = place
        return self.folder / plain / f"{round(taken_at * 1000):013d}-{partition}-{offset}{suffix}"
