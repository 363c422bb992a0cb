"""What flows into each layer, seen over the calibration frames in the FP32 network."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Scores, open_reference
from deploy.quantise.layers import Layer
from deploy.quantise.ranges import Histogram, best_limit, rounded

_MOST_VALUES = 1 << 16
"""Of each tensor and frame that many values are looked at, spread evenly: all of them would take
ten times as long and tell nothing more."""
_BATCH = 4


@dataclass(frozen=True, slots=True)
class Observed:
    """What is known of the tensors that layers take, by name."""

    limits: Mapping[str, float]
    """The magnitude that INT8 should reach up to."""
    means: Mapping[str, NDArray[np.float64]]
    """Mean value of each channel once it was INT8."""
    shifts: Mapping[str, NDArray[np.float64]]
    """How far INT8 moves the mean of each channel."""


@dataclass(slots=True)
class _Means:
    """Sums over frames and positions, channel by channel."""

    before: Any = 0.0
    after: Any = 0.0
    frames: int = 0

    def add(self, values: NDArray[np.float32], limit: float) -> None:
        axes = tuple(range(2, values.ndim)) if values.ndim > 2 else ()  # noqa: PLR2004 - [N, C, …]
        self.before = self.before + values.mean(axis=axes, dtype=np.float64).sum(axis=0)
        self.after = self.after + rounded(values, limit).mean(axis=axes, dtype=np.float64).sum(
            axis=0
        )
        self.frames += len(values)


def observe(model: Any, layers: Iterable[Layer], pixels: Pixels) -> Observed:
    """Run the frames twice: once for the ranges, once for what these ranges do to the means.

    Args:
        model: onnx.ModelProto, left as it is.
        layers: of that model.
        pixels: uint8 [N, H, W, 3].
    """
    names = tuple(dict.fromkeys(layer.input for layer in layers))
    watched = _Watched(model, names)
    histograms = {name: Histogram() for name in names}
    for tensors in watched.run(pixels):
        for name, values in tensors.items():
            histograms[name].add(_some(values))
    limits = {name: best_limit(histogram) for name, histogram in histograms.items()}
    sums = {name: _Means() for name in names}
    for tensors in watched.run(pixels):
        for name, values in tensors.items():
            sums[name].add(values, limits[name])
    means = {name: sums[name].after / sums[name].frames for name in names}
    shifts = {name: means[name] - sums[name].before / sums[name].frames for name in names}
    return Observed(limits, means, shifts)


@dataclass(frozen=True, slots=True)
class _Watched:
    """The network with more outputs than its own."""

    model: Any = field(repr=False)
    names: tuple[str, ...] = ()

    def run(self, pixels: Pixels) -> Iterable[Mapping[str, Scores]]:
        shown = onnx.ModelProto()
        shown.CopyFrom(self.model)
        shown.graph.output.extend(onnx.ValueInfoProto(name=name) for name in self.names)
        reference = open_reference(shown.SerializeToString())
        for start in range(0, len(pixels), _BATCH):
            yield reference.named(pixels[start : start + _BATCH], self.names)


def _some(values: Scores) -> Scores:
    step = max(1, values.size // (len(values) * _MOST_VALUES))
    return values.reshape(-1)[::step]
