"""Which layers stay in FP32: as few of the most sensitive ones as the accuracy asks for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.manifest import Activation
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Outputs, Scores, open_reference
from deploy.engines.distance import agreement, answers, cosines
from deploy.quantise.correction import corrected
from deploy.quantise.layers import Layer
from deploy.quantise.observe import Observed
from deploy.quantise.qdq import with_qdq

LEAST_COSINE = 0.995
"""Twice as near as the certificate asks, which is judged on other frames and by another library."""
_MOST_KEPT = 1 / 3
"""Beyond a third of the layers in FP32 there is not enough INT8 left to be worth its trouble."""
_SENSITIVITY_FRAMES = 16
_BATCH = 4

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """One choice of layers, and what it does to frames that the ranges were not taken from."""

    model: Any
    kept: tuple[str, ...]
    cosine: float
    """Mean over the frames, between its logits and the reference's."""
    agreement: float
    """Fraction of frames with the reference's top label."""
    drop: float
    """Fraction of frames that the reference gets right, less that which this one gets right; where
    no labels are known, what the reference itself expects that to be."""

    def suffices(self, max_drop: float) -> bool:
        return self.drop <= max_drop and self.cosine >= LEAST_COSINE


@dataclass(frozen=True, slots=True)
class Judge:
    """Frames that trials are judged on."""

    pixels: Pixels
    truth: NDArray[np.int64] | None
    expected: Outputs
    """What the reference says of them."""
    activation: Activation = "softmax"

    def trial(self, model: Any, kept: Sequence[Layer]) -> Trial:
        found = run(model, self.pixels)
        logits = self.expected.logits
        mine, theirs = (answers(one, self.activation) for one in (found, logits))
        if self.truth is None:
            drop = float((self._likely(theirs) - self._likely(mine)).mean())
        else:
            drop = float((theirs[:, 0] == self.truth).mean() - (mine[:, 0] == self.truth).mean())
        cosine = float(cosines(found, logits).mean())
        same = agreement(found, logits, self.activation)
        return Trial(model, tuple(layer.name for layer in kept), cosine, same, drop)

    def _likely(self, answered: NDArray[np.int64]) -> NDArray[np.float32]:
        """How likely the reference holds each frame's answer, float32 [N]: of one label, or of each
        for itself where they do not exclude each other.

        A frame of which it holds two labels for equally likely is as often right with either: to
        count it as lost would ask for layers in FP32 that no accuracy gains from.
        """
        likely = self.expected.probabilities
        if self.activation == "softmax":
            return np.take_along_axis(likely, answered, axis=1)[:, 0]
        found: NDArray[np.float32] = np.where(answered == 1, likely, 1 - likely).prod(axis=1)
        return found


def run(model: Any, pixels: Pixels) -> Scores:
    """Logits float32 [N, C] of an onnx.ModelProto."""
    return run_all(model, pixels).logits


def run_all(model: Any, pixels: Pixels) -> Outputs:
    """Probabilities and logits float32 [N, C] of an onnx.ModelProto."""
    reference = open_reference(model.SerializeToString())
    parts = range(0, len(pixels), _BATCH)
    found = [reference.run(pixels[start : start + _BATCH]) for start in parts]
    return Outputs(
        np.concatenate([part.probabilities for part in found]),
        np.concatenate([part.logits for part in found]),
    )


def sweep(
    model: Any, layers: Sequence[Layer], seen: Observed, judge: Judge, max_drop: float, tell: Tell
) -> Trial:
    """Try with every layer in INT8, then with ever more of the most sensitive ones in FP32.

    Returns:
        The first trial that suffices, or else the best one.
    """
    first = _attempt(model, layers, (), seen, judge, tell)
    if first.suffices(max_drop):
        return first
    ordered = _most_sensitive_first(model, layers, seen, judge, tell)
    trials = [first]
    for count in counts(len(layers)):
        trials.append(_attempt(model, layers, ordered[:count], seen, judge, tell))
        if trials[-1].suffices(max_drop):
            return trials[-1]
    return min(trials, key=lambda trial: (trial.drop, -trial.cosine))


def _attempt(
    model: Any,
    layers: Sequence[Layer],
    kept: Sequence[Layer],
    seen: Observed,
    judge: Judge,
    tell: Tell,
) -> Trial:
    chosen = [layer for layer in layers if layer not in kept]
    made = with_qdq(corrected(model, chosen, seen), chosen, seen.limits)
    trial = judge.trial(made, kept)
    tell(
        f"{len(chosen)} of {len(layers)} layers in INT8: accuracy drop {trial.drop:.3f}, "
        f"mean cosine {trial.cosine:.4f}, agreement {trial.agreement:.3f}"
    )
    return trial


def _most_sensitive_first(
    model: Any, layers: Sequence[Layer], seen: Observed, judge: Judge, tell: Tell
) -> list[Layer]:
    """Layers by what each one alone, in INT8, does to the logits."""
    tell(f"sensitivity of {len(layers)} layers, one by one")
    spread = np.linspace(0, len(judge.pixels) - 1, _SENSITIVITY_FRAMES).round().astype(int)
    chosen = np.unique(spread)
    pixels, expected = judge.pixels[chosen], judge.expected.logits[chosen]
    harm = {
        layer: 1
        - float(cosines(run(with_qdq(model, [layer], seen.limits), pixels), expected).mean())
        for layer in layers
    }
    return sorted(layers, key=lambda layer: -harm[layer])


def counts(layers: int) -> Iterator[int]:
    """How many layers to try in FP32: 1, 2, 3, 5, 8 … and a third of them."""
    small, large, most = 1, 2, int(layers * _MOST_KEPT)
    while small < most:
        yield small
        small, large = large, small + large
    if most:
        yield most
