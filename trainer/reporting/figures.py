"""Pictures for the report: the worst mistakes, and what was looked at in right answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from deploy.bundle.pixels import Pixels
from trainer.data.pictures import Pictures
from trainer.evaluation import Evaluation
from trainer.explaining.drawing import overlaid
from trainer.explaining.heat import Explainer
from trainer.onefile import jpeg_uri

_MISTAKES, _EACH, _MOST_LABELS = 24, 4, 12
_SIDE = 168
_QUALITY = 82

Place: TypeAlias = tuple[int, int]
"""Indices of a picture and of a label."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with its heat, as data URIs."""

    name: str
    label: str
    """The label that the heat is of."""
    probability: float
    """Of that label."""
    shows: tuple[str, ...]
    """What is in the picture."""
    is_right: bool
    """What is said of the label, that it is there or not."""
    seen: str
    heat: str
    method: str


@dataclass(frozen=True, slots=True)
class Figures:
    mistakes: tuple[Figure, ...]
    """Wrong answers, the surest first."""
    right: tuple[Figure, ...]
    """Some right answers of each label, by label."""


def draw_figures(explainer: Explainer, pictures: Pictures, evaluation: Evaluation) -> Figures:
    """Draw what the page shows of `pictures`, which `evaluation` is of."""
    draw = _Drawing(explainer, pictures, evaluation)
    return Figures(
        tuple(draw.figure(*place) for place in _worst(pictures, evaluation)),
        tuple(draw.figure(*place) for place in _some_right(pictures, evaluation)),
    )


def _worst(pictures: Pictures, evaluation: Evaluation) -> Iterator[Place]:
    """Mistakes, the surest first: a label that is said to be there, or not to be."""
    said = evaluation.probabilities
    sure = np.where(evaluation.task.called(said), said, 1 - said)
    found = np.argwhere(evaluation.task.mistakes(said, pictures.shown))
    surest = np.argsort(-sure[found[:, 0], found[:, 1]], kind="stable")[:_MISTAKES]
    return ((picture, label) for picture, label in found[surest].tolist())


def _some_right(pictures: Pictures, evaluation: Evaluation) -> Iterator[Place]:
    """From each label pictures that are far apart."""
    right = evaluation.task.called(evaluation.probabilities) & pictures.shown
    for label in range(min(len(pictures.labels), _MOST_LABELS)):
        found = np.flatnonzero(right[:, label])
        places = np.linspace(0, len(found) - 1, min(_EACH, len(found))).round().astype(int)
        yield from ((index, label) for index in found[places].tolist())


@dataclass(frozen=True, slots=True)
class _Drawing:
    explainer: Explainer
    pictures: Pictures
    evaluation: Evaluation

    def figure(self, index: int, label: int) -> Figure:
        pixels = self.pictures.pixels[index]
        heat = self.explainer.heat(pixels, label)
        said = self.evaluation.probabilities[index]
        called = self.evaluation.task.called(said[None])[0]
        path = self.pictures.files[index]
        return Figure(
            name=path.relative_to(self.pictures.folder).as_posix(),
            label=self.pictures.labels[label],
            probability=float(said[label]),
            shows=self.pictures.labels_of(index),
            is_right=bool(called[label] == self.pictures.shown[index, label]),
            seen=_uri(pixels),
            heat=_uri(overlaid(pixels, heat.values)),
            method=heat.method,
        )


def _uri(pixels: Pixels) -> str:
    height, width = pixels.shape[:2]
    size = (max(1, round(width * _SIDE / height)), _SIDE)
    kind = cv2.INTER_AREA if height > _SIDE else cv2.INTER_CUBIC
    return jpeg_uri(cv2.resize(pixels, size, interpolation=kind), _QUALITY)
