"""The pictures of a data set, told by where they lie.

    train/LABEL/*   val/LABEL/*      pictures with a label, as ImageNet has them; where they have
                                     several, the first: all stand in the annotation beside it
    train/nothing/* val/nothing/*    pictures that were looked through and show none of the labels
    unlabelled/train/*  …/val/*      pictures that a person still has to look at
    splits.json                      which pictures belong together (`trainer.collection.splits`)
    aside/                           what `check --apply` took out

A folder of label folders without splits is read too. Links that lead out of the folder are not
followed, and what is no picture by its suffix is left alone.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trainer.data.layout import SUFFIXES, TRAIN, VAL
from trainer.errors import DataError

UNLABELLED = "unlabelled"
ASIDE = "aside"
RESERVED = frozenset({TRAIN, VAL, UNLABELLED, ASIDE})
"""Folders of a data set that are no labels."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture, by its place."""

    path: str
    """Relative to the data set, with slashes."""
    split: str
    """`train`, `val`, or empty where the data set has no splits."""
    label: str | None
    """The folder it lies in; None where nobody has given it a label."""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class DataSet:
    root: Path
    entries: tuple[Entry, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(sorted({entry.label for entry in self.entries if entry.label is not None}))

    def place(self, entry: Entry) -> Path:
        return self.root / entry.path


def read_data_set(root: Path) -> DataSet:
    """List the pictures of a data set, in the order of their paths.

    Raises:
        DataError: there is no such folder, or no picture in it.
    """
    if not root.is_dir():
        raise DataError(f"{root} does not exist: expected a folder with train/LABEL/* and val/…")
    entries = tuple(sorted(_entries(root), key=lambda entry: entry.path))
    if not entries:
        listed = ", ".join(sorted(SUFFIXES))
        raise DataError(f"{root} holds no pictures ({listed}) in {TRAIN}/LABEL or {VAL}/LABEL")
    return DataSet(root, entries)


def require_writable(data: DataSet) -> None:
    """Find out before anything is begun.

    Raises:
        DataError: a folder of the data set may not be written, or its disk is read-only.
    """
    for folder in sorted({data.root, *(data.place(entry).parent for entry in data.entries)}):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise DataError(f"{folder} is read-only: nothing in the data set can be changed")


def place_of(split: str, label: str | None, name: str) -> str:
    """Where a picture belongs, relative to the data set."""
    parts = (split, label, name) if label is not None else (UNLABELLED, split, name)
    return "/".join(part for part in parts if part)


def pictures_in(folder: Path, root: Path) -> Iterator[Path]:
    """The pictures right in a folder, by name; none of them a link out of `root`."""
    return (path for path in _listed(folder) if is_picture(path, root))


def is_picture(path: Path, root: Path) -> bool:
    """Whether it is one by its suffix, where its folder is known to lie within `root`."""
    if path.suffix.lower() not in SUFFIXES:
        return False
    return path.is_file() and (not path.is_symlink() or stays_within(path, root))


def stays_within(path: Path, root: Path) -> bool:
    """Whether a path is what it seems: no link that leads out of `root`, nor one to nowhere."""
    try:
        return path.resolve(strict=True).is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def remove_if_empty(folder: Path) -> None:
    """A label without pictures is none: `fit` refuses the folder that was one."""
    if not any(folder.iterdir()):
        folder.rmdir()


def _entries(root: Path) -> Iterator[Entry]:
    splits = [name for name in (TRAIN, VAL) if (root / name).is_dir()]
    for split in splits or [""]:
        for label in _folders(root / split, root):
            if split or label.name not in {UNLABELLED, ASIDE}:
                yield from _found(label, root, split, label.name)
    for waiting in _folders(root / UNLABELLED, root):
        yield from _found(waiting, root, waiting.name, None)


def _found(folder: Path, root: Path, split: str, label: str | None) -> Iterator[Entry]:
    for path in pictures_in(folder, root):
        yield Entry(path.relative_to(root).as_posix(), split, label)


def _folders(folder: Path, root: Path) -> Iterable[Path]:
    for path in _listed(folder):
        if path.name[0] != "." and path.is_dir() and stays_within(path, root):
            yield path


def _listed(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(folder.iterdir())
