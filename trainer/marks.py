"""What a classifier got right and wrong, counted; `Confusion` where labels exclude each other."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.proportion import wilson


@dataclass(frozen=True, slots=True)
class LabelScore:
    """Of one label; a ratio whose denominator is 0 is 0."""

    label: str
    pictures: int
    precision: float
    """Share of the pictures called so that are so."""
    recall: float
    """Share of the pictures that are so that were called so."""
    f1: float
    """Harmonic mean of the two."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number about all pictures, for people."""

    name: str
    value: float
    says: str


class Marks(Protocol):
    """What is said of a network's answers, whichever its task."""

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def pictures(self) -> int: ...

    @property
    def accuracy(self) -> float:
        """Share of the pictures of which the answer is right, in every label."""

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The most important first: it is about all pictures, and has an interval."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of what `rows` has of each label."""

    @property
    def rows(self) -> tuple[tuple[float, ...], ...]:
        """For each label a ratio for each column."""

    @property
    def legend(self) -> str:
        """What has to be said of the columns; nothing where everybody knows them."""

    @property
    def by_label(self) -> "tuple[LabelScore, ...]": ...

    @property
    def confusion(self) -> "Confusion | None":
        """What is taken for what; None where a picture is not one thing."""

    def document(self) -> Mapping[str, Any]:
        """All of it, for machines."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """`counts` int64 [C, C]: rows are what pictures are, columns what they were called."""

    labels: tuple[str, ...]
    counts: NDArray[np.int64]

    @classmethod
    def of(
        cls, labels: tuple[str, ...], targets: NDArray[np.int64], called: NDArray[np.int64]
    ) -> "Confusion":
        """Count targets int64 [N] against answers int64 [N], both indices of labels."""
        size = len(labels)
        cells = np.bincount(targets * size + called, minlength=size * size)
        return cls(labels, cells.reshape(size, size).astype(np.int64))

    @property
    def pictures(self) -> int:
        return int(self.counts.sum())

    @property
    def accuracy(self) -> float:
        return _ratio(int(self.counts.trace()), self.pictures)

    @property
    def figures(self) -> tuple[Figure, ...]:
        low, high = self.interval
        return (
            Figure("accuracy", self.accuracy, f"{low:.3f} to {high:.3f}, 95 %"),
            Figure("balanced accuracy", self.balanced_accuracy, "each label counts the same"),
        )

    @property
    def columns(self) -> tuple[str, ...]:
        return ("precision", "recall", "F1")

    @property
    def rows(self) -> tuple[tuple[float, ...], ...]:
        return tuple((score.precision, score.recall, score.f1) for score in self.by_label)

    @property
    def legend(self) -> str:
        return ""

    @property
    def confusion(self) -> "Confusion":
        return self

    def document(self) -> Mapping[str, Any]:
        return {
            "pictures": self.pictures,
            "accuracy": self.accuracy,
            "accuracy_interval": list(self.interval),
            "balanced_accuracy": self.balanced_accuracy,
            "labels": [asdict(score) for score in self.by_label],
            "confusion": {
                "rows": "what the pictures are",
                "columns": "what they were called",
                "labels": list(self.labels),
                "counts": self.counts.tolist(),
            },
        }

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall over the labels that have pictures: each label counts the same."""
        present = [score.recall for score in self.by_label if score.pictures]
        return _ratio(sum(present), len(present))

    @property
    def interval(self) -> tuple[float, float]:
        """Where the accuracy lies on other pictures of the same kind, 95 %."""
        return wilson(int(self.counts.trace()), self.pictures)

    @property
    def by_label(self) -> tuple[LabelScore, ...]:
        return tuple(self._score(index) for index in range(len(self.labels)))

    def _score(self, index: int) -> LabelScore:
        right = int(self.counts[index, index])
        pictures, called = int(self.counts[index].sum()), int(self.counts[:, index].sum())
        return LabelScore(
            label=self.labels[index],
            pictures=pictures,
            precision=_ratio(right, called),
            recall=_ratio(right, pictures),
            f1=_ratio(2 * right, called + pictures),
        )


def _ratio(part: float, whole: int) -> float:
    return part / whole if whole else 0.0
