"""Zeros around a tensor laid by the convolution behind it, instead of by a node before that.

What exporters make of "same" padding are nodes of their own. Engines fuse those with a convolution
in FP32, but not once what lies between the two is rounded to INT8: they copy the largest tensors.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from deploy.bundle import reference as _reference  # noqa: F401 - opens the door to ONNX Runtime

_FOLDED = "folded.onnx"


def padded_by_convolutions(model: Any) -> Any:
    """The same network as an onnx.ModelProto without nodes that lay zeros before convolutions, and
    without those that compute what is constant.
    """
    folded = _folded(model)
    nodes = list(folded.graph.node)
    if any(entry.HasField("g") for node in nodes for entry in node.attribute):
        return folded  # a branch within may read what is padded
    weights = {it.name: numpy_helper.to_array(it) for it in folded.graph.initializer}
    outputs = {it.name for it in folded.graph.output}
    for pad in [node for node in nodes if node.op_type == "Pad"]:
        behind = [node for node in nodes if pad.output[0] in node.input]
        zeros = _zeros(pad, weights)
        padded = pad.output[0]
        if zeros and padded not in outputs and all(_takes_more(it, padded) for it in behind):
            for convolution in behind:
                _lay(convolution, pad, zeros)
            folded.graph.node.remove(pad)
    return folded


def _folded(model: Any) -> Any:
    """What ONNX Runtime makes of it without loss, in operators of ONNX only."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / _FOLDED
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        folded = onnx.load(str(path))
    used = {node.domain for node in folded.graph.node}
    kept = [it for it in folded.opset_import if it.domain in used]
    del folded.opset_import[:]
    folded.opset_import.extend(kept)
    return folded


def _zeros(pad: Any, weights: dict[str, np.ndarray[Any, Any]]) -> list[int]:
    """How many zeros it lays around height and width (top, left, bottom, right); empty where it
    does anything else.
    """
    mode = next((entry.s for entry in pad.attribute if entry.name == "mode"), b"constant")
    amounts, value, axes = _inputs(pad, 3)
    if mode != b"constant" or axes or amounts not in weights:
        return []
    if value and (value not in weights or weights[value].item() != 0):
        return []
    around = weights[amounts].reshape(2, -1)
    plain = around.shape[1] == len("NCHW") and not around[:, :2].any() and (around >= 0).all()
    return [int(it) for it in around[:, 2:].ravel()] if plain else []


def _inputs(node: Any, count: int) -> Iterator[str]:
    """Its inputs after the first, empty where it has none."""
    given = [*node.input[1:], *[""] * count]
    yield from given[:count]


def _takes_more(node: Any, padded: str) -> bool:
    if node.op_type != "Conv" or node.input[0] != padded:
        return False
    return all(entry.s == b"NOTSET" for entry in node.attribute if entry.name == "auto_pad")


def _lay(convolution: Any, pad: Any, zeros: list[int]) -> None:
    own = next((entry for entry in convolution.attribute if entry.name == "pads"), None)
    before = list(own.ints) if own is not None else [0] * len(zeros)
    if own is not None:
        convolution.attribute.remove(own)
    more = [one + other for one, other in zip(before, zeros, strict=True)]
    convolution.attribute.append(helper.make_attribute("pads", more))
    convolution.input[0] = pad.input[0]
