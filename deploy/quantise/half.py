"""The network in 16 bits; what touches the uint8 pixels, and both outputs, stay FP32."""

from collections.abc import Collection
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from deploy.bundle import reference as _reference
from deploy.engines.kinds import Precision

_FRONT = ("Cast", "Sub", "Mul", "Div", "Add", "Gather", "Transpose")
_OUTPUTS = (_reference.LOGITS, _reference.PROBABILITIES)
_BF16_BITS = 16


def in_half_precision(model: Any, precision: Precision, held: Collection[str] = ()) -> Any:
    """A copy of an FP32 onnx.ModelProto in FP16 or BF16.

    Args:
        model: a bundle's network, its nodes named.
        precision: `fp16` or `bf16`.
        held: names of nodes that stay FP32.
    """
    from onnxruntime.transformers.float16 import convert_float_to_float16

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    kept = [*_front(copy.graph), *_tail(copy.graph), *held]
    half = convert_float_to_float16(copy, keep_io_types=True, node_block_list=kept)
    _without_detours(half.graph)
    if precision == "bf16":
        _to_bfloat16(half)
    return half


def _without_detours(graph: Any) -> None:
    """Between two nodes that stay FP32 the converter goes to FP16 and back, which rounds."""
    down = {
        node.output[0]: node.input[0]
        for node in graph.node
        if node.op_type == "Cast" and "_cast_to_fp16" in node.name
    }
    up = {
        node.output[0]: down[node.input[0]]
        for node in graph.node
        if node.op_type == "Cast" and "_cast_to_fp32" in node.name and node.input[0] in down
    }
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = up.get(name, name)
    read = {name for node in graph.node for name in node.input}
    read |= {value.name for value in graph.output}
    used = [node for node in graph.node if read & set(node.output)]
    del graph.node[:]
    graph.node.extend(used)


def _front(graph: Any) -> list[str]:
    """The nodes from the pixels to the network: one after the other, with constants beside them."""
    at = _reference.INPUT
    kept: list[str] = []
    while True:
        readers = [node for node in graph.node if at in node.input]
        if len(readers) != 1 or readers[0].op_type not in _FRONT:
            return kept
        kept.append(readers[0].name)
        at = readers[0].output[0]


def _tail(graph: Any) -> list[str]:
    """The nodes that give the outputs: a softmax in 16 bits would lose what its scores tell."""
    return [node.name for node in graph.node if set(node.output) & set(_OUTPUTS)]


def _to_bfloat16(model: Any) -> None:
    """Say BF16 wherever FP16 is said; weights keep their first eight bits of fraction."""
    for tensor in model.graph.initializer:
        _lower(tensor)
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name == "to" and attribute.i == TensorProto.FLOAT16:
                attribute.i = TensorProto.BFLOAT16
            if attribute.HasField("t"):
                _lower(attribute.t)
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT16:
            value.type.tensor_type.elem_type = TensorProto.BFLOAT16


def _lower(tensor: Any) -> None:
    if tensor.data_type != TensorProto.FLOAT16:
        return
    bits = numpy_helper.to_array(tensor).astype(np.float32).view(np.uint32)
    nearest = (bits + 0x7FFF + ((bits >> _BF16_BITS) & 1)) >> _BF16_BITS
    raw = nearest.astype(np.uint16).tobytes()
    tensor.CopyFrom(
        helper.make_tensor(tensor.name, TensorProto.BFLOAT16, list(tensor.dims), raw, raw=True)
    )
