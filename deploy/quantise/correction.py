"""What INT8 does to a layer on average is known, so it is taken off its bias.

Rounding moves the mean of what a layer gives: by (rounded weights - weights) times the mean of what
it takes, and by weights times the shift that rounding gives to what it takes (Nagel et al.,
"Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, section 4.2).
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from deploy.quantise.layers import Layer, array_of, by_output, put_array
from deploy.quantise.observe import Observed
from deploy.quantise.ranges import best_weights, rounded


def corrected(model: Any, layers: Iterable[Layer], seen: Observed) -> Any:
    """A copy of an onnx.ModelProto whose weights are cut to the range that loses least, and whose
    biases undo what INT8 will do to the mean of each channel.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for layer in layers:
        weights = array_of(model, layer.weights)
        rows = by_output(weights, layer)
        limit = best_weights(rows)
        put_array(copy, layer.weights, _as_before(np.clip(rows, -limit, limit), weights, layer))
        if layer.bias:
            shift = _shift(rounded(rows, limit), rows, weights, layer, seen)
            put_array(copy, layer.bias, (array_of(model, layer.bias) - shift).astype(np.float32))
    return copy


def _shift(
    after: NDArray[np.float32],
    before: NDArray[np.float32],
    weights: NDArray[np.float32],
    layer: Layer,
    seen: Observed,
) -> NDArray[np.float64]:
    """How far the mean of each output channel moves."""
    channels = weights.shape[1] if layer.kind == "Conv" else before.shape[1]
    error = (after - before).reshape(len(before), channels, -1).sum(axis=2)
    plain = before.reshape(len(before), channels, -1).sum(axis=2)
    mean = _by_group(seen.means[layer.input], channels, len(before))
    moved = _by_group(seen.shifts[layer.input], channels, len(before))
    shift: NDArray[np.float64] = (error * mean).sum(axis=1) + (plain * moved).sum(axis=1)
    return shift


def _by_group(means: NDArray[np.float64], channels: int, outputs: int) -> NDArray[np.float64]:
    """Means of the input channels that each output channel sees, [outputs or 1, channels]."""
    groups = means.size // channels
    return np.repeat(
        means.reshape(groups, channels), outputs // groups if groups > 1 else 1, axis=0
    )


def _as_before(
    rows: NDArray[np.float32], weights: NDArray[np.float32], layer: Layer
) -> NDArray[np.float32]:
    moved = np.moveaxis(weights, layer.axis, 0)
    shaped: NDArray[np.float32] = np.moveaxis(rows.reshape(moved.shape), 0, layer.axis)
    return shaped.astype(np.float32)
