"""In which order pictures are shown: those first of which least is known."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from deploy.bundle.annotation import Annotation, read_annotation
from deploy.bundle.errors import BadFrame
from deploy.bundle.manifest import Bundle
from deploy.bundle.pixels import frame_to_pixels
from deploy.bundle.reference import Reference, open_reference
from trainer.collection.folder import DataSet, Entry
from trainer.data.pictures import PHOTO_LIMITS
from trainer.errors import DataError

Watch: TypeAlias = Callable[[str, Iterable[Entry], int], Iterator[Entry]]


@dataclass(frozen=True, slots=True)
class Question:
    """A picture that waits for an answer."""

    entry: Entry
    known: Annotation
    guess: str | None
    """What a network says, or the service said."""
    margin: float
    """Between its two highest scores; 0 is least sure."""


def questions(
    data: DataSet, bundle: Bundle | None, check: Path | None, threads: int, watch: Watch
) -> list[Question]:
    """Every picture that no person has answered yet, but for those of several labels: an answer is
    one label, and would be the end of the others.

    Those without a label come first, then by `check`'s ranking if it is given, else by how sure the
    bundle is, or the service was.

    Raises:
        DataError: `check` is no check.json.
    """
    reference = None if bundle is None else open_reference(bundle.model, threads=threads)
    waiting = []
    for entry in watch("asking the network", data.entries, len(data.entries)):
        known = read_annotation(data.place(entry)) or Annotation(())
        if known.by != "person" and not known.has_several:
            waiting.append(_question(data, entry, known, bundle, reference))
    ranks = _ranks(check)
    last = len(ranks)
    waiting.sort(
        key=lambda one: (
            one.entry.label is not None,
            ranks.get(one.entry.path, last),
            one.margin,
            one.entry.path,
        )
    )
    return waiting


def left_alone(data: DataSet) -> int:
    """How many pictures would wait, had they not several labels."""
    every = (read_annotation(data.place(entry)) for entry in data.entries)
    return sum(known is not None and known.by != "person" and known.has_several for known in every)


def _question(
    data: DataSet,
    entry: Entry,
    known: Annotation,
    bundle: Bundle | None,
    reference: Reference | None,
) -> Question:
    if bundle is not None and reference is not None:
        try:
            content = data.place(entry).read_bytes()
            pixels = frame_to_pixels(content, bundle.manifest.input, PHOTO_LIMITS)
        except (BadFrame, OSError):
            return Question(entry, known, None, 1.0)
        scores = reference.probabilities(pixels[None])[0].tolist()
        return Question(entry, known, bundle.manifest.labels[int(np.argmax(scores))], _gap(scores))
    if known.said is not None:
        return Question(entry, known, known.said.label, _gap(list(known.said.scores.values())))
    return Question(entry, known, None, 1.0)


def _gap(scores: Sequence[float]) -> float:
    first, second = sorted([*scores, 0.0, 0.0], reverse=True)[:2]
    return first - second


def _ranks(check: Path | None) -> dict[str, int]:
    if check is None:
        return {}
    try:
        ranking = json.loads(check.read_bytes())["ranking"]
        return {one["path"]: number for number, one in enumerate(ranking)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{check} is no check.json") from error
