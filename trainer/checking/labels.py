"""The one door to cleanlab: which labels are likely wrong, and which pictures resemble nothing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.errors import MissingDriver
from trainer.checking.plain import Features
from trainer.checking.predictions import Probabilities, Targets

_NEIGHBOURS = 10
_MOST_OUTLIERS = 0.02


@dataclass(frozen=True, slots=True)
class LabelQuality:
    """Of N pictures; 0 is the worst."""

    scores: NDArray[np.float64]
    wrong: NDArray[np.bool_]
    """Where confident learning finds the label to be another one."""


def label_quality(targets: Targets, answers: Probabilities) -> LabelQuality:
    """Confident learning (Northcutt, Jiang and Chuang, 2021) on out-of-sample probabilities."""
    try:
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    except ImportError as error:
        raise MissingDriver("cleanlab", "data") from error
    scores = get_label_quality_scores(targets, answers, method="normalized_margin")
    wrong = find_label_issues(targets, answers, filter_by="both", n_jobs=1)
    return LabelQuality(np.asarray(scores, np.float64), np.asarray(wrong, bool))


def outlier_scores(features: Features) -> NDArray[np.float64]:
    """How near the ten nearest others are, by angle: 0 is far from all, 1 among its like."""
    from cleanlab.outlier import OutOfDistribution

    if len(features) <= _NEIGHBOURS:
        return np.ones(len(features))
    found = OutOfDistribution({"k": _NEIGHBOURS}).fit_score(features=features, verbose=False)
    return np.asarray(found, np.float64)


def outliers(scores: NDArray[np.float64]) -> list[int]:
    """The worst, at most one in fifty, and only where they stand out."""
    most = int(len(scores) * _MOST_OUTLIERS)
    worst = np.argsort(scores)[:most]
    middle, spread = np.median(scores), np.median(np.abs(scores - np.median(scores)))
    return [int(at) for at in worst if scores[at] < middle - 4 * spread]
