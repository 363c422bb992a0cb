"""What a classifier got right and wrong, counted."""

from dataclasses import dataclass

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
