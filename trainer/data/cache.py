"""Decoded pictures on disk, so that a second run over the same photos decodes none of them.

What is kept is told by the photo's content, by how it was brought to its size, and by the libraries
that did it: any other of these is another entry. An entry that was cut short counts as none.
"""

import hashlib
import os
import zlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np

from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels

_SUM = 4
"""Bytes of the CRC-32 at the end of an entry."""


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder that only its owner may read: it holds people's pictures."""

    folder: Path
    spec: InputSpec

    def find(self, digest: str) -> Pixels | None:
        """Pixels uint8 [H, W, 3] of the photo with that sha256; None where they are not kept."""
        try:
            data = self._place(digest).read_bytes()
        except OSError:
            return None
        pixels, found = data[:-_SUM], data[-_SUM:]
        shape = (self.spec.height, self.spec.width, 3)
        if len(pixels) != np.prod(shape) or zlib.crc32(pixels).to_bytes(_SUM, "big") != found:
            return None
        return np.frombuffer(pixels, np.uint8).reshape(shape)

    def keep(self, digest: str, pixels: Pixels) -> None:
        """Keep them, whole or not at all.

        Raises:
            OSError: the disk is full, or the folder may not be written.
        """
        place, data = self._place(digest), pixels.tobytes()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        draft = place.with_name(f".{os.getpid()}.{place.name}")
        try:
            with open(draft, "wb", opener=_private) as file:
                file.write(data + zlib.crc32(data).to_bytes(_SUM, "big"))
            draft.replace(place)
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def _place(self, digest: str) -> Path:
        made_by = f"{self.spec} {cv2.__version__} {version('simplejpeg')} {version('yardlight')}"
        key = hashlib.sha256(f"{digest} {made_by}".encode()).hexdigest()
        return self.folder / key[:2] / key


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
