"""What a person answered: written down, then done, and undone if asked.

Each answer is a line of `answers.jsonl`, on the disk before anything is moved. When the page's
server is killed between the two, the next one does what the last line says.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from deploy.bundle.annotation import (
    Annotation,
    annotation_of,
    read_annotation,
    write_annotation,
)
from trainer.collection.folder import Entry, place_of, remove_if_empty
from trainer.collection.journal import whole_lines, written_down
from trainer.errors import DataError

ANSWERS = "answers.jsonl"


@dataclass(frozen=True, slots=True)
class Answer:
    """Paths relative to the data set."""

    was: str
    now: str
    label: str
    before: Annotation | None

    def document(self) -> dict[str, Any]:
        before = None if self.before is None else msgspec.to_builtins(self.before)
        return {"was": self.was, "now": self.now, "label": self.label, "before": before}


class Answers:
    """The answers of a data set. Not for several threads at once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._journal = root / ANSWERS
        self._given: list[Answer] = []

    def open(self) -> None:
        """Read what was answered before, and finish the last of it.

        Raises:
            DataError: the file is damaged; says where.
        """
        undone = self._read()
        if undone and (self._root / undone[-1].now).exists():
            self._move_back(undone[-1])
        elif self._given and (self._root / self._given[-1].was).exists():
            self._move(self._given[-1])

    @property
    def count(self) -> int:
        return len(self._given)

    def give(self, entry: Entry, label: str) -> None:
        """Say what a picture shows.

        Raises:
            OSError: it could not be written; then nothing has changed.
        """
        before = read_annotation(self._root / entry.path)
        answer = Answer(entry.path, self._free(entry, label), label, before)
        with written_down(self._journal, [answer.document()]):
            self._move(answer)
        self._given.append(answer)

    def undo(self) -> str | None:
        """Take the last answer back; the path of its picture, None where there is none.

        Raises:
            OSError: it could not be written; then nothing has changed.
        """
        if not self._given:
            return None
        answer = self._given[-1]
        with written_down(self._journal, [{"undo": True}]):
            self._move_back(answer)
        return self._given.pop().was

    def _free(self, entry: Entry, label: str) -> str:
        """Where the picture goes. Data sets that others made may have its name there already."""
        target = place_of(entry.split, label, entry.name)
        stem, dot, suffix = entry.name.rpartition(".")
        number = 1
        while target != entry.path and (self._root / target).exists():
            number += 1
            target = place_of(entry.split, label, f"{stem}-{number}{dot}{suffix}")
        return target

    def _move(self, answer: Answer) -> None:
        known = answer.before or Annotation((), source=answer.was)
        certain = msgspec.structs.replace(known, labels=(answer.label,), by="person", disagree=())
        self._put(answer.was, answer.now, certain)

    def _move_back(self, answer: Answer) -> None:
        self._put(answer.now, answer.was, answer.before)

    def _put(self, source: str, target: str, annotation: Annotation | None) -> None:
        """The annotation first: a picture is never there with the wrong one."""
        old, new = self._root / source, self._root / target
        new.parent.mkdir(parents=True, exist_ok=True)
        if annotation is None:
            annotation_of(new).unlink(missing_ok=True)
        else:
            write_annotation(new, annotation)
        if source != target:
            old.rename(new)
            annotation_of(old).unlink(missing_ok=True)
            remove_if_empty(old.parent)

    def _read(self) -> list[Answer]:
        """Fill in the answers that stand; the last one taken back, where that was the last word."""
        undone: list[Answer] = []
        for line in whole_lines(self._journal):
            try:
                document = json.loads(line)
                undone = [self._given.pop()] if "undo" in document else []
                if not undone:
                    self._given.append(_answer(document))
            except (ValueError, KeyError, TypeError, IndexError) as error:
                raise DataError(f"{self._journal} is damaged at {line[:80]!r}") from error
        return undone


def _answer(document: Mapping[str, Any]) -> Answer:
    before = document["before"]
    known = None if before is None else msgspec.convert(before, Annotation)
    for path in (document["was"], document["now"]):
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise ValueError(f"{path} leads out of the data set")
    return Answer(document["was"], document["now"], document["label"], known)
