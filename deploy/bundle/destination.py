"""A folder that appears whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.bundle.errors import BundleError
from deploy.bundle.manifest import MANIFEST


def prepare(out: Path, *, overwrite: bool) -> None:
    """Find out before any work is done whether a bundle can be written to `out`.

    Raises:
        BundleError: `out` exists and may not be replaced, or nothing can be written beside it.
    """
    if out.exists() and not overwrite:
        raise BundleError(f"{out} exists: choose another --out, or replace it with --overwrite")
    if out.exists() and not (out / MANIFEST).is_file():
        raise BundleError(f"{out} is not a bundle (no {MANIFEST}): --overwrite leaves it alone")
    parent = out.resolve().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BundleError(f"{parent} cannot be made: {error.strerror}") from error
    if not os.access(parent, os.W_OK):
        raise BundleError(f"{parent} cannot be written to: choose another --out")


@contextmanager
def whole_or_not_at_all(out: Path) -> Iterator[Path]:
    """A fresh folder beside `out` that takes its place at the end, or vanishes on an error."""
    place = out.resolve()
    draft = place.with_name(f".{place.name}.{os.getpid()}.draft")
    draft.mkdir()
    try:
        yield draft
        _replace(place, draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _replace(place: Path, draft: Path) -> None:
    old = place.with_name(f".{place.name}.{os.getpid()}.old")
    if place.exists():
        place.rename(old)
    draft.rename(place)
    shutil.rmtree(old, ignore_errors=True)
