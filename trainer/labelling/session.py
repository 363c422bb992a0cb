"""What the page asks for: the next picture, an answer, its undoing. One request at a time."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from deploy.bundle.printable import printable
from trainer.collection.folder import DataSet
from trainer.labelling.answers import Answers
from trainer.labelling.queue import Question


@dataclass(slots=True)
class Session:
    data: DataSet
    labels: Sequence[str]
    answers: Answers
    _waiting: deque[Question]
    _answered: list[Question] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def of(
        cls, data: DataSet, labels: Sequence[str], answers: Answers, waiting: Sequence[Question]
    ) -> "Session":
        return cls(data, labels, answers, deque(waiting))

    def next(self) -> dict[str, Any]:
        """What the page shows now."""
        with self._lock:
            return self._now()

    def answer(self, path: str, label: str) -> dict[str, Any]:
        """Keep an answer, then go on. One that comes again, for a picture that does not wait any
        more, changes nothing.

        Raises:
            ValueError: there is no such label.
            OSError: it could not be kept.
        """
        if label not in self.labels:
            raise ValueError(f"{label} is none of the labels")
        with self._lock:
            if self._waiting and self._waiting[0].entry.path == path:
                self.answers.give(self._waiting[0].entry, label)
                self._answered.append(self._waiting.popleft())
            return self._now()

    def skip(self, path: str) -> dict[str, Any]:
        """Show it again at the end."""
        with self._lock:
            if self._waiting and self._waiting[0].entry.path == path:
                self._waiting.rotate(-1)
            return self._now()

    def undo(self) -> dict[str, Any]:
        """Show the last answered picture again, as it was before."""
        with self._lock:
            if self._answered:
                self.answers.undo()
                self._waiting.appendleft(self._answered.pop())
            return self._now()

    def picture(self, path: str) -> Path | None:
        """Where a picture that waits lies; no other path leads anywhere."""
        with self._lock:
            ahead = {one.entry.path for one in list(self._waiting)[:2]}
        return self.data.root / path if path in ahead else None

    def _now(self) -> dict[str, Any]:
        state: dict[str, Any] = {
            "labels": list(self.labels),
            "answered": self.answers.count,
            "left": len(self._waiting),
            "can_undo": bool(self._answered),
        }
        if self._waiting:
            question = self._waiting[0]
            state["picture"] = _shown(question)
            if len(self._waiting) > 1:
                state["ahead"] = self._waiting[1].entry.path
        return state


def _shown(question: Question) -> dict[str, Any]:
    known = question.known
    return {
        "path": question.entry.path,
        "name": printable(known.source or question.entry.path),
        "label": question.entry.label,
        "guess": question.guess,
        "margin": question.margin,
        "disagree": list(known.disagree),
        "camera": known.camera,
        "taken_at": known.taken_at,
    }
