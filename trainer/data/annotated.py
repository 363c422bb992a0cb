"""A data set of which a picture may show any of the labels: `train/*/*` and `val/*/*`, read with
the annotation beside each picture (`deploy.bundle.annotation`).

Where there is an annotation, its labels are what the picture shows: none at all says that it shows
none of them. Without one the folder is the label.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle.annotation import Annotation, BadAnnotation, annotation_of, read_annotation
from trainer.data.layout import SUFFIXES, TRAIN, VAL, Labelled, Layout, insist_on_names
from trainer.errors import DataError
from trainer.settings import NOTHING

_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Annotated:
    """`trainer.data.layout.Shown`; pictures in the order of their paths."""

    folder: Path
    found: tuple[Labelled, ...]

    def pictures(self, labels: tuple[str, ...]) -> Iterator[Labelled]:
        """What they show of these labels."""
        for path, shows in self.found:
            yield path, tuple(label for label in shows if label in labels)

    def of(self, labels: Iterable[str], refusal: str) -> "Annotated":
        """Itself, where no picture shows another label.

        Raises:
            DataError: some do; names up to ten of them. `refusal` ends the sentence.
        """
        known = set(labels)
        other = [
            f"{path}: {', '.join(sorted(set(shows) - known))}"
            for path, shows in self.found
            if not known.issuperset(shows)
        ]
        _refuse(f"labels that {refusal}", other)
        return self

    @property
    def counts(self) -> Counter[str]:
        return Counter(label for _, shows in self.found for label in shows)


def read_annotated_layout(folder: Path, order: tuple[str, ...], nothing: str = NOTHING) -> Layout:
    """Read a data set. Labels are those that pictures show, alphabetical unless `order` lists them.

    Raises:
        DataError: a split is missing or empty, a picture shows a label that is not in `order`, an
            annotation contradicts its folder, a bundle cannot have a label, or one is shown by no
            picture of a split, or by every one.
        BadAnnotation: a file beside a picture is none.
    """
    train, val = (read_annotated(folder / name, nothing) for name in (TRAIN, VAL))
    labels = order or tuple(sorted(train.counts.keys() | val.counts.keys()))
    insist_on_names(labels, folder)
    if not labels:
        raise DataError(f"{folder} has no picture with a label: there is nothing to learn")
    for split in (train, val):
        split.of(labels, "--labels does not list")
        missing = [label for label in labels if label not in split.counts]
        if missing:
            raise DataError(f"{split.folder} has no picture that shows {', '.join(missing)}")
        everywhere = [label for label in labels if split.counts[label] == len(split.found)]
        if everywhere:
            raise DataError(
                f"every picture of {split.folder} shows {', '.join(everywhere)}: what a frame "
                "without it looks like cannot be learned, nor how surely it is told; add such "
                "pictures, with an annotation of no labels"
            )
    return Layout(labels, train, val, tuple(_notes(train, val)))


def read_annotated(folder: Path, nothing: str = NOTHING) -> Annotated:
    """Read one split.

    Args:
        folder: holds pictures, in folders of any names.
        nothing: a label that says that none of the others is there.

    Raises:
        DataError: the folder is missing or holds no pictures, or an annotation contradicts its
            folder; names up to ten.
        BadAnnotation: a file beside a picture is none.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} does not exist: expected a folder with pictures")
    read = [(path, read_annotation(path)) for path in _pictures(folder)]
    if not read:
        raise DataError(f"{folder} has no pictures ({', '.join(sorted(SUFFIXES))}) in its folders")
    shows = {path: _labels(path, known) for path, known in read}
    _refuse_contradictions(
        [(path, known) for path, known in read if known is not None],
        {label for labels in shows.values() for label in labels} - {nothing},
        nothing,
    )
    found = (
        (path, tuple(label for label in labels if label != nothing))
        for path, labels in shows.items()
    )
    return Annotated(folder, tuple(found))


def _refuse_contradictions(
    read: list[tuple[Path, Annotation]], labels: set[str], nothing: str
) -> None:
    """Between annotations, within one, and between one and a folder that has a label's name."""
    both = [
        f"{path}: {_listed(known.labels)}"
        for path, known in read
        if nothing in known.labels and known.has_several
    ]
    _refuse(f"annotations that have {nothing}, which says that there is no label, and others", both)
    elsewhere = [
        f"{path}: {_listed(known.labels)}"
        for path, known in read
        if path.parent.name in labels.difference(known.labels)
    ]
    _refuse("annotations that do not have the label whose folder they lie in", elsewhere)
    undecided = [f"{path}: {_listed(known.disagree)}" for path, known in read if known.disagree]
    _refuse("annotations that contradict each other: a person has to decide", undecided)


def unread_labels(layout: Layout) -> Iterator[str]:
    """A sentence where annotations say more than the folders that were read instead of them. One
    that cannot be read says nothing.
    """
    splits = (layout.train, layout.val)
    every = [path for split in splits for path, _ in split.pictures(layout.labels)]
    several = sum(map(_has_several, every))
    if several:
        yield (
            f"warning: {several} of {len(every)} pictures have annotations of several labels: only "
            "that of their folder is learned; --multi-label learns all of them"
        )


def _has_several(path: Path) -> bool:
    try:
        known = read_annotation(path)
    except BadAnnotation:
        return False
    return known is not None and len(known.labels) > 1


def _notes(train: Annotated, val: Annotated) -> Iterator[str]:
    for split in (train, val):
        shows = [len(labels) for _, labels in split.found]
        several, none = sum(count > 1 for count in shows), shows.count(0)
        yield f"{split.folder}: {several} pictures show several labels, {none} show none"
    bare = [path for path, _ in train.found if not annotation_of(path).exists()]
    if bare:
        yield f"{len(bare)} pictures of {train.folder} have no annotation: they show their folder"
    alike = _alike({*train.counts, *val.counts})
    if alike:
        yield f"warning: labels that differ only in capitals or spaces: {'; '.join(alike)}"
    if all(len(labels) == 1 for split in (train, val) for _, labels in split.found):
        yield (
            "warning: every picture shows exactly one label; where labels exclude each other, fit "
            "without --multi-label tells them apart better"
        )


def _alike(labels: Iterable[str]) -> list[str]:
    """Labels that somebody typed in two ways."""
    ways: dict[str, list[str]] = {}
    for label in sorted(labels):
        ways.setdefault(" ".join(label.casefold().split()), []).append(label)
    return [", ".join(map(repr, same)) for same in ways.values() if len(same) > 1]


def _pictures(folder: Path) -> Iterator[Path]:
    """In the folders of a split, whatever those are called."""
    inside = (path for path in sorted(folder.iterdir()) if path.is_dir() and path.name[0] != ".")
    for place in inside:
        yield from (path for path in sorted(place.iterdir()) if path.suffix.lower() in SUFFIXES)


def _labels(path: Path, known: Annotation | None) -> tuple[str, ...]:
    return (path.parent.name,) if known is None else tuple(dict.fromkeys(known.labels))


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(labels) or "no label"


def _refuse(what: str, named: list[str]) -> None:
    if named:
        more = f"\n  … and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        listed = "\n  ".join(named[:_MOST_NAMED])
        raise DataError(f"{what}:\n  {listed}{more}")
