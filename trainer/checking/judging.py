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


class Opinion(msgspec.Struct, frozen=True):
    """Of M pictures, about one question; all empty if nothing can be learned."""

    likeliest: list[int]
    """[M]: the answer that others suggest."""
    sureness: list[float]
    """[M]: its probability."""
    scores: list[float]
    """[M]: quality of the answer that is given; 0 is the worst."""
    wrong: list[bool]
    """[M]"""


class Judgement(msgspec.Struct, frozen=True):
    """Of M pictures with a label, and of all N."""

    opinions: list[Opinion]
    """One of each question."""
    nearness: list[float]
    """[N]: 0 is far from all others, 1 among its like."""


def judge(
    features: Features,
    labelled: Sequence[int],
    questions: Sequence[Targets],
    groups: Sequence[int],
    fewest: int,
    kept: Path,
    watch: Watch,
) -> Judgement:
    """Judge pictures by float32 [N, F], or recall how they were judged.

    Args:
        features: what tells the pictures apart.
        labelled: the M of them of which somebody has said what they show.
        questions: the answers to each that are given, int64 [M].
        groups: [M], the same number for pictures that show the same.
        fewest: so many groups have to have each answer, or nothing is said to the question.
        kept: file for the next time.
        watch: shows how far it is.
    """
    asked = key_of(features, np.array(labelled), np.array(groups), np.array(fewest), *questions)

    def make() -> Judgement:
        with bounded():
            learned = features[list(labelled)]
            opinions = [
                _opinion(learned, targets, groups, watch)
                if folds_possible(targets, groups) >= fewest
                else Opinion([], [], [], [])
                for targets in questions
            ]
            return Judgement(opinions, outlier_scores(features).tolist())

    return recall(kept, asked, Judgement, make)


def _opinion(learned: Features, targets: Targets, groups: Sequence[int], watch: Watch) -> Opinion:
    answers = cross_validated(learned, targets, groups, watch)
    quality = label_quality(targets, answers)
    return Opinion(
        answers.argmax(1).tolist(),
        answers.max(1).tolist(),
        quality.scores.tolist(),
        quality.wrong.tolist(),
    )
