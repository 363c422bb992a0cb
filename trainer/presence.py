"""What was right and wrong where a picture may show any of the labels: each label for itself."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.manifest import THRESHOLD
from deploy.bundle.proportion import wilson
from trainer.marks import Figure, LabelScore


@dataclass(frozen=True, slots=True)
class PresenceScore(LabelScore):
    average_precision: float
    """Mean precision over the pictures that show it, from the surest on: no threshold in it."""
    best_f1: float
    best_threshold: float
    """The threshold with the highest F1 on these pictures, and that F1."""


@dataclass(frozen=True, slots=True)
class Presence:
    """`shown` bool [N, C] is what pictures show, `said` float32 [N, C] the probabilities given."""

    labels: tuple[str, ...]
    shown: NDArray[np.bool_] = field(repr=False)
    said: NDArray[np.float32] = field(repr=False)

    @property
    def pictures(self) -> int:
        return len(self.shown)

    @property
    def exact(self) -> int:
        """Pictures of which every label is right."""
        return int(((self.said >= THRESHOLD) == self.shown).all(1).sum())

    @property
    def accuracy(self) -> float:
        return self.exact / max(1, self.pictures)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the exact match lies on other pictures of the same kind, 95 %."""
        return wilson(self.exact, self.pictures)

    @property
    def mean_average_precision(self) -> float | None:
        """Over the labels that some picture shows; None where there are none."""
        return _mean([score.average_precision for score in self.by_label if score.pictures])

    @property
    def mean_f1(self) -> float | None:
        """The same."""
        return _mean([score.f1 for score in self.by_label if score.pictures])

    @property
    def figures(self) -> tuple[Figure, ...]:
        low, high = self.interval
        exact = Figure(
            "exact match", self.accuracy, f"every label right; {low:.3f} to {high:.3f}, 95 %"
        )
        precise, f1 = self.mean_average_precision, self.mean_f1
        if precise is None or f1 is None:
            return (exact,)
        return (
            exact,
            Figure("mean average precision", precise, "at any threshold"),
            Figure("mean F1", f1, f"at {THRESHOLD}, each label counts the same"),
        )

    @property
    def columns(self) -> tuple[str, ...]:
        return ("precision", "recall", "F1", "AP", "best F1", "at")

    @property
    def rows(self) -> tuple[tuple[float, ...], ...]:
        return tuple(
            (
                *(one.precision, one.recall, one.f1),
                *(one.average_precision, one.best_f1, one.best_threshold),
            )
            for one in self.by_label
        )

    @property
    def by_label(self) -> tuple[PresenceScore, ...]:
        columns = zip(self.labels, self.shown.T, self.said.T, strict=True)
        return tuple(_score(*column) for column in columns)

    @property
    def legend(self) -> str:
        return (
            f"A label is there where its probability is {THRESHOLD} or more. AP: average precision,"
            " without a threshold. Best F1: what the threshold beside it would have made of these "
            "pictures; on others it is a little worse."
        )

    @property
    def confusion(self) -> None:
        return None

    def document(self) -> Mapping[str, Any]:
        return {
            "pictures": self.pictures,
            "exact_match": self.accuracy,
            "exact_match_interval": list(self.interval),
            "mean_average_precision": self.mean_average_precision,
            "mean_f1": self.mean_f1,
            "threshold": THRESHOLD,
            "labels": [asdict(score) for score in self.by_label],
        }


def _score(label: str, shown: NDArray[np.bool_], said: NDArray[np.float32]) -> PresenceScore:
    """Of one label: shown bool [N], said float32 [N]."""
    called = said >= THRESHOLD
    right, pictures = int((called & shown).sum()), int(shown.sum())
    precise, f1, thresholds = _by_threshold(shown, said)
    best = int(f1.argmax()) if pictures else 0
    return PresenceScore(
        label=label,
        pictures=pictures,
        precision=right / max(1, int(called.sum())),
        recall=right / max(1, pictures),
        f1=2 * right / max(1, int(called.sum()) + pictures),
        average_precision=precise,
        best_f1=float(f1[best]) if pictures else 0.0,
        best_threshold=float(thresholds[best]) if pictures else THRESHOLD,
    )


def _by_threshold(
    shown: NDArray[np.bool_], said: NDArray[np.float32]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Average precision, and F1 at each threshold that tells two answers apart, with those.

    Equal answers are one step: the order of pictures must not matter. A threshold lies in the
    middle between the answers that it parts, where those of other pictures part best.
    """
    order = np.argsort(-said, kind="stable")
    sorted_said, right = said[order].astype(np.float64), shown[order].cumsum()
    ends = np.flatnonzero(np.append(np.diff(sorted_said) != 0, True)[: len(said)])
    right, called, pictures = right[ends], ends + 1, int(shown.sum())
    gained = np.diff(right, prepend=0)
    precise = float((gained * right / called).sum() / max(1, pictures))
    below = np.append(sorted_said, 0.0)[ends + 1]
    return precise, 2 * right / (called + pictures), (sorted_said[ends] + below) / 2


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
