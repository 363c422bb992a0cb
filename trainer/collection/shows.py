"""What the pictures of a data set show: the label of the folder, or where annotations name several
labels, what those say.

As `fit` reads them: `trainer.data.layout`, and `trainer.data.annotated` for `--multi-label`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from deploy.bundle.annotation import Annotation, BadAnnotation, read_annotation
from trainer.collection.folder import DataSet, Entry

Labels: TypeAlias = tuple[str, ...] | None
"""In alphabetical order; None where nobody has said what it shows."""


@dataclass(frozen=True, slots=True)
class Shows:
    of: Mapping[str, Labels]
    """By the path of a picture."""
    several: bool
    """Whether a picture may show any number of labels, none included."""
    notes: tuple[str, ...] = ()


def read_shows(data: DataSet, nothing: str) -> Shows:
    """Read the annotations beside the pictures. One that is damaged is a note, and no error.

    Args:
        nothing: a label that says that none of the others is there.
    """
    known: dict[str, Annotation | None] = {}
    damaged: list[BadAnnotation] = []
    for entry in data.entries:
        try:
            known[entry.path] = read_annotation(data.place(entry))
        except BadAnnotation as error:
            damaged.append(error)
    if not any(_is_beyond(entry, known.get(entry.path), nothing) for entry in data.entries):
        return Shows({entry.path: label_of(entry) for entry in data.entries}, several=False)
    of = {
        entry.path: _labels(entry, known[entry.path], nothing) if entry.path in known else None
        for entry in data.entries
    }
    return Shows(of, several=True, notes=tuple(_notes(damaged)))


def _is_beyond(entry: Entry, known: Annotation | None, nothing: str) -> bool:
    """Whether an annotation says what no folder can."""
    if entry.label is None or known is None:
        return False
    return known.has_several or (_shows_none(known) and entry.label != nothing)


def _shows_none(known: Annotation) -> bool:
    return known.says_none and not known.disagree


def label_of(entry: Entry) -> Labels:
    """The label of its folder."""
    return None if entry.label is None else (entry.label,)


def _labels(entry: Entry, known: Annotation | None, nothing: str) -> Labels:
    if entry.label is None or (known is not None and known.disagree):
        return None
    is_said = known is not None and (known.labels or _shows_none(known))
    labels = known.labels if known is not None and is_said else (entry.label,)
    return tuple(sorted(set(labels) - {nothing}))


def _notes(damaged: list[BadAnnotation]) -> Iterator[str]:
    yield "Annotations name several labels for a picture, or none: each label is judged by itself."
    if damaged:
        yield (
            f"{len(damaged)} annotations cannot be read, what their pictures show was not judged: "
            f"{damaged[0]}"
        )
