"""Frames from a folder of encoded images, sent as they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle.errors import Fatal
from edge.cameras.picture import Picture

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


@dataclass(frozen=True, slots=True)
class FolderSource:
    """These images, in this order, again and again if told to."""

    paths: Sequence[Path]
    camera: str
    loop: bool = False

    def pictures(self) -> Iterator[Picture]:
        while True:
            for path in self.paths:
                yield Picture(self.camera, path.read_bytes())
            if not self.loop:
                return


def images_in(folder: Path) -> list[Path]:
    """Every image below a folder, in the order of their names.

    Raises:
        Fatal: it is no folder, or holds none.
    """
    if not folder.is_dir():
        raise Fatal(f"{folder} is not a folder")
    paths = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()
    )
    if not paths:
        raise Fatal(f"{folder} holds no images ({', '.join(sorted(SUFFIXES))})")
    return paths
