"""Every picture of a data set measured once: decoded scaled, in threads, and only if it is new."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeAlias

import cv2

from deploy.bundle.errors import BadFrame
from deploy.bundle.header import read_header
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import decode
from trainer.checking.ahead import ahead
from trainer.checking.measured import Known, Measured, Stamp, read_known, write_known
from trainer.checking.plain import plain_features
from trainer.checking.quality import qualities_of
from trainer.collection.folder import DataSet, Entry
from trainer.data.pictures import PHOTO_LIMITS
from trainer.likeness.grey import grey_of

# The decoder leaves out what is not needed for this size: a photo of 12 million pixels is decoded
# at an eighth.
_LOOK = InputSpec(192, 192)
_KEEP_SECONDS = 60.0
"""Whatever ends this process, so much work is lost at most."""


class Look(NamedTuple):
    """At one file."""

    stamp: Stamp | None
    """None where another change might not show."""
    measured: Measured


Watch: TypeAlias = Callable[[str, Iterable[Look], int], Iterator[Look]]


def measure(data: DataSet, folder: Path, threads: int, watch: Watch) -> dict[str, Measured]:
    """Measure what is new; path → what was measured, in the set's order.

    Args:
        data: the pictures.
        folder: where it is kept for the next run, also where this one ends early, as on Ctrl-C.
        threads: CPU threads; 0 takes every core.
        watch: shows how far it is.

    Raises:
        OSError: what was measured cannot be kept.
    """
    cv2.setNumThreads(1)
    before, now = read_known(folder), Known()
    found: dict[str, Measured] = {}
    touched: list[Entry] = []
    for entry in data.entries:
        stamp = Stamp.of(data.place(entry))
        one = before.untouched(entry.path, stamp)
        if one is None:
            touched.append(entry)
        else:
            found[entry.path] = one
            now.note(entry.path, stamp, one)
    keep = partial(write_known, folder, now)
    look = partial(_look, data, before.measured)
    try:
        looks = watch("looking at", ahead(look, touched, threads), len(touched))
        for entry, seen in zip(touched, _keeping(keep, before, looks), strict=True):
            found[entry.path] = seen.measured
            now.note(entry.path, *seen)
    except BaseException:
        keep(before.measured)
        raise
    if touched or now.files.keys() != before.files.keys():
        keep({})
    return {entry.path: found[entry.path] for entry in data.entries}


def _keeping(
    keep: Callable[[Mapping[str, Measured]], None], before: Known, looks: Iterable[Look]
) -> Iterator[Look]:
    """Pass them on, and keep what is known from time to time."""
    kept = time.monotonic()
    for look in looks:
        yield look
        if time.monotonic() - kept > _KEEP_SECONDS:
            keep(before.measured)
            kept = time.monotonic()


def _look(data: DataSet, known: Mapping[str, Measured], entry: Entry) -> Look:
    """At a file, readable or not."""
    path = data.place(entry)
    stamp = Stamp.of(path)
    is_settled = stamp is not None and stamp.is_settled
    try:
        content = path.read_bytes()
    except OSError as error:
        return Look(None, Measured(problem=error.strerror or str(error)))
    digest = hashlib.sha256(content).hexdigest()
    measured = known.get(digest) or measure_content(content, digest)
    return Look(stamp if is_settled and stamp == Stamp.of(path) else None, measured)


def measure_content(content: bytes, digest: str) -> Measured:
    """Measure what a file holds, whose sha256 is given."""
    try:
        picture = decode(content, _LOOK, PHOTO_LIMITS)
        width, height = read_header(content).upright_size
    except BadFrame as error:
        return Measured(digest, problem=f"{error.reason}: {error}")
    return Measured(
        digest,
        width=width,
        height=height,
        qualities=qualities_of(picture),
        grey=grey_of(picture).tobytes(),
        features=plain_features(picture).tobytes(),
    )
