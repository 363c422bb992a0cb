"""Pictures in memory: decoded as in production, each with its label and the hash of its file."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.errors import BadFrame
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels, frame_to_pixels
from trainer.data.cache import Cache
from trainer.data.layout import Shown
from trainer.errors import DataError

# The user's own files, not what comes in from a network: a photo may be larger than a frame.
PHOTO_LIMITS = Limits(max_bytes=64 << 20, max_pixels=200_000_000)
_MOST_NAMED = 10

Watch: TypeAlias = Callable[[str, Iterable["Read"], int], Iterator["Read"]]
"""Given a title, items and their total: passes the items on and shows how many went by."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """N pictures: pixels uint8 [N, H, W, 3] RGB, and which of C labels they show, bool [N, C]."""

    folder: Path
    labels: tuple[str, ...]
    files: tuple[Path, ...]
    hashes: tuple[str, ...]
    pixels: Pixels
    shown: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.files)

    @property
    def targets(self) -> NDArray[np.int64]:
        """int64 [N]: the index of each picture's label, where each shows one."""
        found: NDArray[np.int64] = self.shown.argmax(1)
        return found

    @property
    def counts(self) -> dict[str, int]:
        """How many pictures show each label."""
        return dict(zip(self.labels, self.shown.sum(0).tolist(), strict=True))

    def labels_of(self, index: int) -> tuple[str, ...]:
        """What a picture shows."""
        return tuple(self.labels[label] for label in np.flatnonzero(self.shown[index]))


@dataclass(frozen=True, slots=True)
class Read:
    """One file that was read, or why it could not be."""

    pixels: Pixels | None
    hash: str = ""
    problem: str = ""


def read_pictures(
    split: Shown,
    labels: tuple[str, ...],
    spec: InputSpec,
    threads: int,
    watch: Watch,
    cache: Cache | None = None,
) -> Pictures:
    """Decode every picture of a split through the production path, unless `cache` has it decoded.

    Raises:
        DataError: some cannot be read; names up to ten of them.
        OSError: there is no room in the cache.
    """
    files = list(split.pictures(labels))
    pixels = np.empty((len(files), spec.height, spec.width, 3), np.uint8)
    hashes, problems = [], []
    with _pool(threads) as pool:
        every = pool.map(lambda file: _read(file[0], spec, cache), files)
        for index, read in enumerate(watch(f"reading {split.folder}", every, len(files))):
            if read.pixels is None:
                problems.append(f"{files[index][0]}: {read.problem}")
            else:
                pixels[index] = read.pixels
            hashes.append(read.hash)
    _refuse(problems, split.folder)
    paths = tuple(path for path, _ in files)
    shown = np.array([[label in shows for label in labels] for _, shows in files], np.bool_)
    return Pictures(split.folder, labels, paths, tuple(hashes), pixels, shown)


@contextmanager
def _pool(threads: int) -> Iterator[ThreadPoolExecutor]:
    """On Ctrl-C, what was not begun is not waited for."""
    pool = ThreadPoolExecutor(threads or os.cpu_count())
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _read(path: Path, spec: InputSpec, cache: Cache | None) -> Read:
    try:
        data = path.read_bytes()
    except OSError as error:
        return Read(None, problem=str(error.strerror))
    digest = hashlib.sha256(data).hexdigest()
    try:
        return Read(_decoded(data, digest, spec, cache), digest)
    except BadFrame as error:
        return Read(None, problem=str(error))


def _decoded(data: bytes, digest: str, spec: InputSpec, cache: Cache | None) -> Pixels:
    found = None if cache is None else cache.find(digest)
    if found is not None:
        return found
    pixels = frame_to_pixels(data, spec, PHOTO_LIMITS)
    if cache is not None:
        cache.keep(digest, pixels)
    return pixels


def _refuse(problems: list[str], folder: Path) -> None:
    if problems:
        named = "\n  ".join(problems[:_MOST_NAMED])
        more = len(problems) - _MOST_NAMED
        rest = f"\n  … and {more} more" if more > 0 else ""
        count = "1 picture" if len(problems) == 1 else f"{len(problems)} pictures"
        raise DataError(f"{count} of {folder} cannot be read:\n  {named}{rest}")
