"""Frames from a folder of encoded images, sent as they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle.errors import Fatal
from edge.cameras.picture import Picture

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Every image below a folder, in the order of their names, again and again if told to."""

    folder: Path
    camera: str
    loop: bool = False

    def pictures(self) -> Iterator[Picture]:
        if not self.folder.is_dir():
            raise Fatal(f"{self.folder} is not a folder")
        paths = sorted(
            path
            for path in self.folder.rglob("*")
            if path.suffix.lower() in SUFFIXES and path.is_file()
        )
        if not paths:
            raise Fatal(f"{self.folder} holds no images ({', '.join(sorted(SUFFIXES))})")
        while True:
            for path in paths:
                yield Picture(self.camera, path.read_bytes())
            if not self.loop:
                return
