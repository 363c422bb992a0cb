"""The layers of a network that can be computed in INT8: those with weights of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import numpy_helper

from deploy.bundle.errors import Fatal

KINDS = ("Conv", "Gemm", "MatMul")
_MATRIX = 2


@dataclass(frozen=True, slots=True)
class Layer:
    """One convolution or matrix product with constant weights."""

    name: str
    kind: str
    input: str
    """Name of the tensor that it takes."""
    weights: str
    """Name of its initializer."""
    bias: str
    """Name of its initializer, empty where it has none."""
    axis: int
    """Which axis of the weights counts the output channels."""


def layers_of(model: Any) -> tuple[Layer, ...]:
    """The layers of an onnx.ModelProto, in the order in which they run.

    Raises:
        Fatal: it has none.
    """
    found = tuple(_layers(model.graph))
    if not found:
        raise Fatal(
            f"no layer of the network can be computed in INT8: expected {', '.join(KINDS)} with "
            f"constant weights, found {', '.join(sorted({n.op_type for n in model.graph.node}))}"
        )
    return found


def name_every_node(graph: Any) -> None:
    """Quantisers speak of nodes by name; exporters may leave names out."""
    for index, node in enumerate(graph.node):
        if not node.name:
            node.name = f"yardlight/{node.op_type}-{index}"


def keep_constants_as_weights(graph: Any) -> None:
    """Turn Constant nodes that hold a tensor into initializers, which is where weights belong."""
    kept = []
    for node in graph.node:
        value = next((entry.t for entry in node.attribute if entry.name == "value"), None)
        if node.op_type == "Constant" and value is not None:
            value.name = node.output[0]
            graph.initializer.append(value)
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def by_output(values: NDArray[np.float32], layer: Layer) -> NDArray[np.float32]:
    """Weights as [output channels, all else]."""
    moved: NDArray[np.float32] = np.moveaxis(values, layer.axis, 0)
    return moved.reshape(len(moved), -1)


def _layers(graph: Any) -> Iterator[Layer]:
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        tensor = weights.get(node.input[1]) if node.op_type in KINDS else None
        if tensor is None or len(tensor.dims) < _MATRIX:
            continue
        if tensor.data_type != tensor.FLOAT:
            continue
        bias = node.input[2] if len(node.input) > _MATRIX and node.input[2] in weights else ""
        yield Layer(node.name, node.op_type, node.input[0], tensor.name, bias, _axis(node, tensor))


def _axis(node: Any, tensor: Any) -> int:
    if node.op_type == "Conv":
        return 0
    turned = any(entry.name == "transB" and entry.i for entry in node.attribute)
    return 0 if turned else len(tensor.dims) - 1


def array_of(model: Any, name: str) -> NDArray[np.float32]:
    """The values of an initializer."""
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    values: NDArray[np.float32] = numpy_helper.to_array(tensor)
    return values


def put_array(model: Any, name: str, values: NDArray[np.float32]) -> None:
    """Replace the values of an initializer."""
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values), name))
