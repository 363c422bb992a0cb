"""Pictures for the report: the worst mistakes, and what was looked at in right answers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

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

Step = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with its heat, as data URIs."""

    name: str
    label: str
    called: str
    confidence: float
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
    called = evaluation.probabilities.argmax(1)
    sure = evaluation.probabilities.max(1)
    wrong = np.flatnonzero(called != pictures.targets)
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][:_MISTAKES].tolist()
    draw = _Drawing(explainer, pictures, evaluation)
    return Figures(
        tuple(draw.figure(index) for index in worst),
        tuple(draw.figure(index) for index in _some_right(pictures, evaluation)),
    )


def _some_right(pictures: Pictures, evaluation: Evaluation) -> Iterator[int]:
    """From each label pictures that are far apart."""
    right = evaluation.probabilities.argmax(1) == pictures.targets
    for label in range(min(len(pictures.labels), _MOST_LABELS)):
        found = np.flatnonzero(right & (pictures.targets == label))
        places = np.linspace(0, len(found) - 1, min(_EACH, len(found))).round().astype(int)
        yield from found[places].tolist()


@dataclass(frozen=True, slots=True)
class _Drawing:
    explainer: Explainer
    pictures: Pictures
    evaluation: Evaluation

    def figure(self, index: int) -> Figure:
        pixels, answer = self.pictures.pixels[index], self.evaluation.probabilities[index]
        called = int(answer.argmax())
        heat = self.explainer.heat(pixels, called)
        path = self.pictures.files[index]
        return Figure(
            name=path.relative_to(self.pictures.folder).as_posix(),
            label=self.pictures.labels[int(self.pictures.targets[index])],
            called=self.pictures.labels[called],
            confidence=float(answer[called]),
            seen=_uri(pixels),
            heat=_uri(overlaid(pixels, heat.values)),
            method=heat.method,
        )


def _uri(pixels: Pixels) -> str:
    height, width = pixels.shape[:2]
    size = (max(1, round(width * _SIDE / height)), _SIDE)
    kind = cv2.INTER_AREA if height > _SIDE else cv2.INTER_CUBIC
    return jpeg_uri(cv2.resize(pixels, size, interpolation=kind), _QUALITY)
