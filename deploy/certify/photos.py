"""A folder of photos, decoded as the service decodes frames, with the labels of its folders."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.errors import BadFrame, Fatal
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import Bundle, InputSpec
from deploy.bundle.pixels import Pixels, frame_to_pixels

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_BATCH = 8


@dataclass(frozen=True, slots=True)
class Photos:
    """Photos of one folder, in the order of their names."""

    folder: Path
    paths: tuple[Path, ...]
    truth: NDArray[np.int64] | None
    """Index of each photo's label, where every photo lies in a folder named as one, and that is all
    that it shows: labels exclude each other."""

    def spread(self, count: int, *, start: int = 0) -> "Photos":
        """At most `count` of them, spread evenly, so that every label and camera is there."""
        last = len(self.paths) - 1
        wanted = min(count, len(self.paths) - start)
        chosen = np.linspace(min(start, last), last, wanted).round().astype(int)
        truth = None if self.truth is None else self.truth[chosen]
        return Photos(self.folder, tuple(self.paths[index] for index in chosen), truth)

    def batches(self, spec: InputSpec) -> Iterator[Pixels]:
        """Their pixels, uint8 [N, H, W, 3], a few at a time.

        Raises:
            Fatal: a photo cannot be read or decoded; names it.
        """
        for start in range(0, len(self.paths), _BATCH):
            yield np.stack([_pixels(path, spec) for path in self.paths[start : start + _BATCH]])

    def pixels(self, spec: InputSpec) -> Pixels:
        """The pixels of all of them at once."""
        return np.concatenate(list(self.batches(spec)))


def find_photos(folder: Path, bundle: Bundle, *, option: str, least: int) -> Photos:
    """Find the photos of a folder and of all folders in it.

    Args:
        option: how the folder was given, for errors.
        least: how many there must be.

    Raises:
        Fatal: it is no folder, or holds fewer photos.
    """
    if not folder.is_dir():
        raise Fatal(f"{option}: {folder} is not a folder")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not paths:
        raise Fatal(f"{option}: {folder} holds no photos (*.jpg, *.png, *.webp)")
    if len(paths) < least:
        raise Fatal(
            f"{option}: {folder} holds {len(paths)} photos, too few to tell anything: "
            f"at least {least} are needed, of every label and every camera"
        )
    manifest = bundle.manifest
    one = manifest.outputs.activation == "softmax"
    return Photos(folder, tuple(paths), _truth(paths, manifest.labels) if one else None)


def _truth(paths: Sequence[Path], labels: Sequence[str]) -> NDArray[np.int64] | None:
    index = {label: number for number, label in enumerate(labels)}
    found = [index.get(path.parent.name) for path in paths]
    if any(number is None for number in found):
        return None
    return np.array(found, np.int64)


def _pixels(path: Path, spec: InputSpec) -> Pixels:
    try:
        return frame_to_pixels(path.read_bytes(), spec, Limits())
    except OSError as error:
        raise Fatal(f"{path} cannot be read: {error.strerror}") from error
    except BadFrame as error:
        raise Fatal(f"{path}: {error}") from error
