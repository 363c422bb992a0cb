"""Likely wrong labels in words: of one label a picture, or of several."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trainer.checking.finding import Finding
from trainer.checking.judging import Opinion
from trainer.checking.predictions import Targets
from trainer.collection.shows import Shows

_FEWEST = 2
"""Pictures of each label, where they exclude each other: one to learn from, one to ask about."""
_FEWEST_EACH_WAY = 5
"""Pictures with a label, and without it, where it is judged alone: what two of them have in common
is mostly something else."""


@dataclass(slots=True)
class Labelled:
    """The M pictures of which somebody has said what they show."""

    paths: Sequence[str]
    labels: tuple[str, ...]
    shown: NDArray[np.bool_]
    """[M, C]"""
    several: bool
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ranking: list[tuple[str, float]] = field(default_factory=list)
    """Every picture with the quality of its worst label, the likeliest wrong first."""

    @classmethod
    def of(cls, paths: Sequence[str], shows: Shows) -> "Labelled":
        """Of pictures for which `shows` has labels."""
        said = [set(shows.of[path] or ()) for path in paths]
        labels = tuple(sorted(set().union(*said)))
        rows = [[label in one for label in labels] for one in said]
        shown = np.array(rows, np.bool_).reshape(len(paths), len(labels))
        return cls(paths, labels, shown, shows.several)

    @property
    def questions(self) -> list[Targets]:
        """What is asked about all pictures, each int64 [M]: which label, or of each label whether
        it is there.
        """
        if self.several:
            return list(self.shown.T.astype(np.int64))
        return [self.shown.argmax(1).astype(np.int64)] if self.labels else []

    @property
    def fewest(self) -> int:
        """Pictures that differ, of each answer to a question, without which it is not judged."""
        return _FEWEST_EACH_WAY if self.several else _FEWEST

    def judged(self, opinions: Sequence[Opinion]) -> None:
        """Say what came of each question."""
        answered = [number for number, opinion in enumerate(opinions) if opinion.scores]
        self.notes += self._unjudged(answered)
        if not answered:
            return
        quality = np.array([opinions[number].scores for number in answered]).min(0)
        order = np.argsort(quality, kind="stable").tolist()
        self.ranking = [(self.paths[at], float(quality[at])) for at in order]
        for at in order:
            for number in answered:
                self.findings += self._wrong(at, number, opinions[number])

    def _unjudged(self, answered: Sequence[int]) -> Iterator[str]:
        without = [label for at, label in enumerate(self.labels) if at not in answered]
        if self.several and without:
            yield (
                f"Not judged: {', '.join(without)}. That takes {self.fewest} pictures that show it "
                f"and {self.fewest} that do not, all of which differ."
            )
        if not self.labels or not (self.several or answered):
            yield (
                "Labels were not judged: that takes two labels, each with two pictures that differ."
            )

    def _wrong(self, at: int, number: int, opinion: Opinion) -> Iterator[Finding]:
        if not opinion.wrong[at]:
            return
        likeliest, sure = opinion.likeliest[at], f"({opinion.sureness[at]:.0%})"
        if self.several:
            label, is_there = self.labels[number], bool(likeliest)
            said = "not to show" if is_there else "to show"
            says = f"said {said} {label}, looks as if it {'did' if is_there else 'did not'} {sure}"
            suggests = label if is_there else None
        else:
            label, suggests = self.labels[int(self.shown[at].argmax())], self.labels[likeliest]
            says = f"labelled {label}, looks like {suggests} {sure}"
        yield Finding("wrong-label", self.paths[at], says, opinion.scores[at], suggests=suggests)
