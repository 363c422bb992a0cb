"""The ImageNet folder layout: `train/<label>/*` and `val/<label>/*`, read and checked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from deploy.bundle.fields import is_text
from trainer.errors import DataError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
TRAIN, VAL = "train", "val"
_FEWEST_LABELS = 2


Labelled: TypeAlias = tuple[Path, tuple[str, ...]]
"""A picture and the labels that it shows."""


class Shown(Protocol):
    """The pictures of one split, and what they show."""

    @property
    def folder(self) -> Path: ...

    def pictures(self, labels: tuple[str, ...]) -> Iterator[Labelled]:
        """All of them, in an order that is stable for these labels."""


@dataclass(frozen=True, slots=True)
class Split:
    """Label → its pictures, both in a stable order."""

    folder: Path
    files: dict[str, tuple[Path, ...]]

    def pictures(self, labels: tuple[str, ...]) -> Iterator[Labelled]:
        """Label by label."""
        return ((path, (label,)) for label in labels for path in self.files[label])


@dataclass(frozen=True, slots=True)
class Layout:
    labels: tuple[str, ...]
    train: Shown
    val: Shown
    notes: tuple[str, ...] = ()
    """What the user may want to know, in sentences."""


def read_layout(folder: Path, order: tuple[str, ...] = ()) -> Layout:
    """Read a data set. Labels are alphabetical unless `order` lists them.

    Raises:
        DataError: a split is missing, has no or too few labels, an empty label, other labels than
            the other split or than `order`.
    """
    train, val = read_split(folder / TRAIN), read_split(folder / VAL)
    _same_labels(train, val)
    if len(train.files) < _FEWEST_LABELS:
        raise DataError(
            f"{train.folder} has one label ({', '.join(train.files)}): "
            "to classify takes at least two, each a folder of pictures"
        )
    return Layout(insist_on_names(_ordered(train, order), folder), train, val)


def insist_on_names(labels: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    """The labels, if a bundle can have them.

    Raises:
        DataError: one is empty, has control characters, or comes twice.
    """
    bad = [label for label in labels if not is_text(label)]
    if bad:
        raise DataError(
            f"{folder} has labels that a bundle cannot have: {', '.join(map(repr, bad))}; "
            "expected text without control characters"
        )
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise DataError(f"--labels lists {', '.join(twice)} more than once")
    return labels


def read_split(folder: Path) -> Split:
    """Read one split: every folder in it is a label.

    Raises:
        DataError: the folder is missing, has no labels, or a label has no pictures.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} does not exist: expected a folder with one folder per label")
    labels = sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")
    if not labels:
        raise DataError(f"{folder} has no labels: expected one folder per label, with its pictures")
    return Split(folder, {label.name: _pictures(label) for label in labels})


def _pictures(label: Path) -> tuple[Path, ...]:
    files = sorted(path for path in label.iterdir() if path.suffix.lower() in SUFFIXES)
    if not files:
        raise DataError(f"{label} has no pictures ({', '.join(sorted(SUFFIXES))})")
    return tuple(files)


def _same_labels(train: Split, val: Split) -> None:
    only_train = train.files.keys() - val.files.keys()
    only_val = val.files.keys() - train.files.keys()
    if only_train or only_val:
        found = [
            f"only in {split.folder}: {_listed(labels)}"
            for split, labels in ((train, only_train), (val, only_val))
            if labels
        ]
        raise DataError(f"the labels of the two splits differ; {'; '.join(found)}")


def _ordered(train: Split, order: tuple[str, ...]) -> tuple[str, ...]:
    if not order:
        return tuple(sorted(train.files))
    if sorted(order) != sorted(train.files):
        raise DataError(
            f"--labels lists {', '.join(order)}, {train.folder} has {_listed(train.files)}: "
            "list each folder once"
        )
    return order


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(sorted(labels))
