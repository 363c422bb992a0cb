"""The one door to scikit-learn: what a classifier that never saw a picture says of it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.errors import MissingDriver
from trainer.checking.plain import Features

Targets: TypeAlias = NDArray[np.int64]
Probabilities: TypeAlias = NDArray[np.float64]
Watch: TypeAlias = Callable[[str, Iterable[int], int], Iterator[int]]
_FOLDS = 5
_LANDMARKS = 400
"""Pictures that all others are compared with."""
_SAMPLE = 400
"""Pictures that tell how far two of them usually are from each other."""
_STRENGTH = 0.1
_ROUNDS = 300
_TINY = 1e-9
_DISTANCES_MB = 64


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


def cross_validated(
    features: Features, targets: Targets, groups: Sequence[int], watch: Watch
) -> Probabilities:
    """Probabilities float64 [N, C] of each picture, from classifiers trained on the others.

    Logistic regression on how near a picture is to each of many others, by a Gaussian of their
    distance (Nyström's approximation, Williams and Seeger, 2001): what hand-made features say of
    a picture does not add up in a straight line, and an embedding loses nothing by it.

    Pictures of a group are left out together: a near-duplicate would tell the answer, wrong or not.

    Args:
        features: float32 [N, F].
        targets: int64 [N], each label in two groups at least.
        groups: [N], the same number for pictures that show the same.
        watch: shows how far it is.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    labels = int(targets.max()) + 1
    answers = np.full((len(targets), labels), 1 / labels)
    nearness = 1 / max(_usual_distance(features), _TINY)
    folds = StratifiedGroupKFold(folds_possible(targets, groups), shuffle=True, random_state=0)

    def ask() -> Iterator[int]:
        """Fill in the answers, fold by fold; the pictures that were asked about."""
        for learned, asked in folds.split(features, targets, groups):
            known = np.unique(targets[learned])
            if len(known) > 1:  # else nothing is known of these: all labels are as likely
                classifier = _classifier(nearness, len(learned))
                classifier.fit(features[learned], targets[learned])
                answers[asked] = 0
                answers[np.ix_(asked, known)] = classifier.predict_proba(features[asked])
            yield from asked.tolist()

    for _ in watch("judging labels", ask(), len(targets)):
        pass
    return answers


@contextmanager
def bounded() -> Iterator[None]:
    """One thread of BLAS, and few distances in memory at once.

    More threads cost more than they bring on arrays of this size: where other work is on the
    machine, two seconds become thirty. And how many there are must not change an answer's last
    digit.
    """
    try:
        from sklearn import config_context
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise MissingDriver("scikit-learn", "data") from error
    with threadpool_limits(1), config_context(working_memory=_DISTANCES_MB):
        yield


def _classifier(nearness: float, pictures: int) -> Any:
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    landmarks = min(_LANDMARKS, pictures)
    return make_pipeline(
        Nystroem(gamma=nearness, n_components=landmarks, random_state=0),
        LogisticRegression(C=1 / _STRENGTH, max_iter=_ROUNDS),
    )


def _usual_distance(features: Features) -> float:
    """The median of the squared distances between some of the pictures."""
    some = features[:: -(-len(features) // _SAMPLE)].astype(np.float64)
    lengths = (some**2).sum(1)
    distances = lengths[:, None] + lengths[None] - 2 * some @ some.T
    return float(np.median(distances[np.triu_indices(len(some), 1)]))
