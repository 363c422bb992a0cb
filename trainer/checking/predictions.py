"""The one door to scikit-learn: what a classifier that never saw a picture says of it."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.errors import MissingDriver
from trainer.checking.plain import Features

Targets: TypeAlias = NDArray[np.int64]
Probabilities: TypeAlias = NDArray[np.float64]
_FOLDS = 5
_DIRECTIONS = 128
_STRENGTH = 0.1
_ROUNDS = 300


def folds_possible(targets: Targets, labels: int) -> int:
    """How many parts every label can be spread over; under two, nothing can be predicted."""
    counts = np.bincount(targets, minlength=labels)
    return int(min(_FOLDS, counts.min())) if labels > 1 and len(targets) else 0


def cross_validated(features: Features, targets: Targets, groups: Sequence[int]) -> Probabilities:
    """Probabilities float64 [N, C] of each picture, from classifiers trained on the others.

    Pictures of a group are left out together: a near-duplicate would tell the answer, wrong or not.

    Args:
        features: float32 [N, F].
        targets: int64 [N], each label at least twice.
        groups: [N], the same number for pictures that show the same.
    """
    try:
        from sklearn.decomposition import PCA
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import StratifiedGroupKFold
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import Normalizer, StandardScaler
    except ImportError as error:
        raise MissingDriver("scikit-learn", "data") from error
    labels = int(targets.max()) + 1
    answers = np.full((len(targets), labels), 1 / labels)
    folds = StratifiedGroupKFold(folds_possible(targets, labels), shuffle=True, random_state=0)
    for learned, asked in folds.split(features, targets, groups):
        directions = min(_DIRECTIONS, len(learned) - 1, features.shape[1])
        classifier = make_pipeline(
            StandardScaler(),
            PCA(directions, random_state=0),
            Normalizer(),
            LogisticRegression(C=1 / _STRENGTH, max_iter=_ROUNDS),
        )
        classifier.fit(features[learned], targets[learned])
        known = classifier[-1].classes_
        answers[asked] = 0
        answers[np.ix_(asked, known)] = classifier.predict_proba(features[asked])
    return answers
