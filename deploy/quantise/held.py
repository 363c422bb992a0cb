"""FP16 that keeps its promise: layers whose weights cannot bear 11 bits of fraction stay FP32.

Depthwise convolutions with folded batch norms are such: one of MobileNetV2's, alone in FP16, moves
a logit by 2.6 % of the largest one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from deploy.bundle.errors import Fatal
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Scores
from deploy.certify.parity import THRESHOLDS
from deploy.engines.distance import cosines, max_error
from deploy.engines.kinds import Precision
from deploy.quantise.half import in_half_precision
from deploy.quantise.layers import Layer, array_of, layers_of, name_every_node, put_array
from deploy.quantise.sweep import counts, run

_MARGIN = 0.8
"""What is allowed here of what the certificate allows: the engine's own sums differ a little."""
_FRAMES = 4


def half_network(path: Path, precision: Precision, pixels: Pixels) -> bytes:
    """A bundle's network in 16 bits.

    Args:
        path: its FP32 ONNX.
        precision: `fp16` or `bf16`; BF16 is converted as it is, for nothing here could run it.
        pixels: golden frames, uint8 [N, H, W, 3], to try FP16 with.

    Raises:
        Fatal: not even a third of the layers in FP32 keeps FP16 within its threshold.
    """
    model = onnx.load(str(path))
    name_every_node(model.graph)
    if precision == "bf16":
        return bytes(in_half_precision(model, precision).SerializeToString())
    expected = run(model, pixels)
    plain = in_half_precision(model, precision)
    if _keeps(run(plain, pixels), expected):
        return bytes(plain.SerializeToString())
    layers = _most_harmful_first(model, layers_of(model), pixels[:_FRAMES], expected[:_FRAMES])
    for count in counts(len(layers)):
        held = in_half_precision(model, precision, [layer.name for layer in layers[:count]])
        if _keeps(run(held, pixels), expected):
            return bytes(held.SerializeToString())
    raise Fatal(f"{path} loses too much in FP16: build --precision fp32")


def _keeps(found: Scores, expected: Scores) -> bool:
    limit = THRESHOLDS["fp16"]
    assert limit.max_error is not None
    assert limit.min_cosine is not None
    error, least = max_error(found, expected), float(cosines(found, expected).min())
    return error <= limit.max_error * _MARGIN and 1 - least <= (1 - limit.min_cosine) * _MARGIN


def _most_harmful_first(
    model: Any, layers: Sequence[Layer], pixels: Pixels, expected: Scores
) -> list[Layer]:
    """Layers by what happens to the logits when their weights alone are FP16."""
    harm = {}
    for layer in layers:
        tried = onnx.ModelProto()
        tried.CopyFrom(model)
        weights = array_of(model, layer.weights).astype(np.float16).astype(np.float32)
        put_array(tried, layer.weights, weights)
        harm[layer] = max_error(run(tried, pixels), expected)
    return sorted(layers, key=lambda layer: -harm[layer])
