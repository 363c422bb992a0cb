"""Every file of a data set measured once: decoded scaled, in threads, and only if it changed."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import cv2

from deploy.bundle.errors import BadFrame
from deploy.bundle.header import read_header
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import decode
from trainer.checking.measured import Measured
from trainer.checking.plain import plain_features
from trainer.checking.quality import qualities_of
from trainer.collection.folder import DataSet, Entry
from trainer.data.pictures import PHOTO_LIMITS
from trainer.likeness.grey import grey_of

Watch: TypeAlias = Callable[[str, Iterable[Measured], int], Iterator[Measured]]

# The decoder leaves out what is not needed for this size: a photo of 12 million pixels is decoded
# at an eighth.
_LOOK = InputSpec(192, 192)


def measure(
    data: DataSet,
    known: Mapping[str, Measured],
    threads: int,
    watch: Watch,
    keep: Callable[[dict[str, Measured]], None],
) -> dict[str, Measured]:
    """Measure what is not known or has changed; path → what was measured, in the set's order.

    Args:
        known: by path, from before.
        watch: shows how far it is.
        keep: given what is known then, also where this ends early, such as on Ctrl-C.
    """
    cv2.setNumThreads(1)
    found: dict[str, Measured] = {}
    fresh: list[Entry] = []
    for entry in data.entries:
        before = known.get(entry.path)
        if before is not None and _stamp(data.place(entry)) == (before.size, before.changed_ns):
            found[entry.path] = before
        else:
            fresh.append(entry)
    try:
        with _pool(threads) as pool:
            measured = pool.map(lambda entry: measure_file(data.place(entry)), fresh)
            for entry, one in zip(fresh, watch("looking at", measured, len(fresh)), strict=True):
                found[entry.path] = one
    finally:
        if fresh or found.keys() != known.keys():
            keep(found)
    return {entry.path: found[entry.path] for entry in data.entries}


def measure_file(path: Path) -> Measured:
    """Measure one file, readable or not."""
    size, changed = _stamp(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        return Measured(size, changed, problem=error.strerror or str(error))
    digest = hashlib.sha256(data).hexdigest()
    try:
        picture = decode(data, _LOOK, PHOTO_LIMITS)
        width, height = read_header(data).upright_size
    except BadFrame as error:
        return Measured(size, changed, digest, problem=f"{error.reason}: {error}")
    return Measured(
        size,
        changed,
        digest,
        width=width,
        height=height,
        qualities=qualities_of(picture),
        grey=grey_of(picture).tobytes(),
        features=plain_features(picture).tobytes(),
    )


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns


class _pool(ThreadPoolExecutor):  # noqa: N801 - used as the function it extends
    """On Ctrl-C, what was not begun is not waited for."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads or os.cpu_count())

    def __exit__(self, *_: object) -> None:
        self.shutdown(cancel_futures=True)
