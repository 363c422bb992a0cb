"""What a bundle's network is made of: its operators, its parameters, the work of one frame."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from deploy.bundle.errors import Fatal, MissingDriver

_Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Network:
    """The network of an ONNX file."""

    opset: int
    operators: Mapping[str, int]
    """How often each operator occurs, the commonest first."""
    parameters: int
    """Numbers in its weights."""
    precisions: Mapping[str, int]
    """Those numbers by the type that they are stored in."""
    macs: int | None
    """Multiplications with addition for one frame, of convolutions and matrix products; None where
    the graph leaves a size open."""
    weights: Mapping[str, str] = field(repr=False)
    """sha256 of each weight tensor, by its name."""


def read_network(model: Path) -> Network:
    """Read the graph; weights are looked at, and nothing is run.

    Raises:
        MissingDriver: `onnx` is not installed.
        Fatal: the file cannot be read as ONNX.
    """
    try:
        import onnx
    except ImportError:
        raise MissingDriver("onnx", "deploy") from None
    try:
        read = onnx.shape_inference.infer_shapes(onnx.load(model))
    except Exception as error:
        raise Fatal(f"{model} cannot be read as ONNX: {error}") from error
    graph, shapes, precisions = read.graph, _shapes(read.graph), Counter[str]()
    for tensor in graph.initializer:
        precisions[onnx.TensorProto.DataType.Name(tensor.data_type).lower()] += prod(tensor.dims)
    return Network(
        opset=max(one.version for one in read.opset_import if one.domain in {"", "ai.onnx"}),
        operators=dict(Counter(node.op_type for node in graph.node).most_common()),
        parameters=sum(precisions.values()),
        precisions=dict(precisions.most_common()),
        macs=_sum([_macs(node, shapes) for node in graph.node]),
        weights={tensor.name: _digest(tensor) for tensor in graph.initializer},
    )


def _digest(tensor: Any) -> str:
    import onnx

    array = onnx.numpy_helper.to_array(tensor)
    kind = f"{array.dtype} {array.shape} ".encode()
    return hashlib.sha256(kind + array.tobytes()).hexdigest()


def _shapes(graph: Any) -> _Shapes:
    """Shapes of all tensors that are known; a batch of unknown size counts as one frame."""
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        axes = [axis.dim_value for axis in value.type.tensor_type.shape.dim]
        if axes and all(axes[1:]):
            shapes[value.name] = (axes[0] or 1, *axes[1:])
    return shapes


def _macs(node: Any, shapes: _Shapes) -> int | None:
    if node.op_type not in {"Conv", "Gemm", "MatMul"}:
        return 0
    weight, made = shapes.get(node.input[1]), shapes.get(node.output[0])
    if not weight or not made:
        return None
    if node.op_type == "Conv":
        # Each output takes a product with the kernel over the channels of its group.
        return prod(made) * prod(weight[1:])
    transposed = any(it.name == "transB" and it.i for it in node.attribute)
    return prod(made) * weight[-1 if transposed or len(weight) == 1 else -2]


def _sum(parts: list[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
