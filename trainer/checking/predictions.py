"""The one door to scikit-learn: what a classifier that never saw a picture says of it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.errors import MissingDriver
from trainer.checking.plain import Features

Targets: TypeAlias = NDArray[np.int64]
Probabilities: TypeAlias = NDArray[np.float64]
_FOLDS = 5
_LANDMARKS = 400
"""Pictures that all others are compared with."""
_SAMPLE = 400
"""Pictures that tell how far two of them usually are from each other."""
_STRENGTH = 0.1
_ROUNDS = 300
_TINY = 1e-9


def folds_possible(targets: Targets, groups: Sequence[int]) -> int:
    """How many parts every label can be spread over; under two, nothing can be predicted.

    Args:
        targets: int64 [N].
        groups: [N], the same number for pictures that show the same.
    """
    shown: dict[int, set[int]] = defaultdict(set)
    for target, group in zip(targets.tolist(), groups, strict=True):
        shown[target].add(group)
    return min(_FOLDS, *map(len, shown.values())) if len(shown) > 1 else 0


def cross_validated(features: Features, targets: Targets, groups: Sequence[int]) -> Probabilities:
    """Probabilities float64 [N, C] of each picture, from classifiers trained on the others.

    Logistic regression on how near a picture is to each of many others, by a Gaussian of their
    distance (Nyström's approximation, Williams and Seeger, 2001): what hand-made features say of
    a picture does not add up in a straight line, and an embedding loses nothing by it.

    Pictures of a group are left out together: a near-duplicate would tell the answer, wrong or not.

    Args:
        features: float32 [N, F].
        targets: int64 [N], each label in two groups at least.
        groups: [N], the same number for pictures that show the same.
    """
    try:
        from sklearn.kernel_approximation import Nystroem
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import StratifiedGroupKFold
        from sklearn.pipeline import make_pipeline
    except ImportError as error:
        raise MissingDriver("scikit-learn", "data") from error
    labels = int(targets.max()) + 1
    answers = np.full((len(targets), labels), 1 / labels)
    nearness = 1 / max(_usual_distance(features), _TINY)
    folds = StratifiedGroupKFold(folds_possible(targets, groups), shuffle=True, random_state=0)
    for learned, asked in folds.split(features, targets, groups):
        if len(np.unique(targets[learned])) == 1:
            continue  # Nothing is known of these: all labels are as likely.
        landmarks = min(_LANDMARKS, len(learned))
        classifier = make_pipeline(
            Nystroem(gamma=nearness, n_components=landmarks, random_state=0),
            LogisticRegression(C=1 / _STRENGTH, max_iter=_ROUNDS),
        )
        classifier.fit(features[learned], targets[learned])
        known = classifier[-1].classes_
        answers[asked] = 0
        answers[np.ix_(asked, known)] = classifier.predict_proba(features[asked])
    return answers


def _usual_distance(features: Features) -> float:
    """The median of the squared distances between some of the pictures."""
    some = features[:: -(-len(features) // _SAMPLE)].astype(np.float64)
    lengths = (some**2).sum(1)
    distances = lengths[:, None] + lengths[None] - 2 * some @ some.T
    return float(np.median(distances[np.triu_indices(len(some), 1)]))
