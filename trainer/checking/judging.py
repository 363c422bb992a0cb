"""Which labels are likely wrong and which pictures resemble nothing: predicted, then judged.

The libraries that do it take seconds to load, so nothing of them is where the answer is known.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from trainer.checking.kept import key_of, recall
from trainer.checking.labels import label_quality, outlier_scores
from trainer.checking.plain import Features
from trainer.checking.predictions import (
    Targets,
    Watch,
    bounded,
    cross_validated,
    folds_possible,
)

_FEWEST_FOLDS = 2
"""One part to learn from, one to ask about."""


class Judgement(msgspec.Struct, frozen=True):
    """Of M pictures with a label, and of all N."""

    likeliest: list[int]
    """[M]: the label that others suggest; empty, as the next three, if nothing can be learned."""
    sureness: list[float]
    """[M]: its probability."""
    scores: list[float]
    """[M]: quality of the label that is given; 0 is the worst."""
    wrong: list[bool]
    """[M]"""
    nearness: list[float]
    """[N]: 0 is far from all others, 1 among its like."""


def judge(
    features: Features,
    labelled: Sequence[int],
    targets: Targets,
    groups: Sequence[int],
    kept: Path,
    watch: Watch,
) -> Judgement:
    """Judge pictures by float32 [N, F], or recall how they were judged.

    Args:
        features: what tells the pictures apart.
        labelled: the M of them that have a label.
        targets: int64 [M].
        groups: [M], the same number for pictures that show the same.
        kept: file for the next time.
        watch: shows how far it is.
    """
    asked = key_of(features, np.array(labelled), targets, np.array(groups))

    def make() -> Judgement:
        with bounded():
            return _judged(features, features[list(labelled)], targets, groups, watch)

    return recall(kept, asked, Judgement, make)


def _judged(
    features: Features, learned: Features, targets: Targets, groups: Sequence[int], watch: Watch
) -> Judgement:
    nearness = outlier_scores(features).tolist()
    if folds_possible(targets, groups) < _FEWEST_FOLDS:
        return Judgement([], [], [], [], nearness)
    answers = cross_validated(learned, targets, groups, watch)
    quality = label_quality(targets, answers)
    return Judgement(
        answers.argmax(1).tolist(),
        answers.max(1).tolist(),
        quality.scores.tolist(),
        quality.wrong.tolist(),
        nearness,
    )
