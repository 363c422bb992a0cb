"""The dense layer of an exported network: read from `model.onnx`, and written anew."""

from pathlib import Path
from typing import Any

import onnx
from onnx import numpy_helper

from deploy.bundle.errors import BundleError
from deploy.bundle.reference import LOGITS
from trainer.logistic import Dense
from trainer.memory import EMBEDDING


def read_dense(model: Path) -> Dense:
    """The layer between `embedding` and `logits`.

    Raises:
        BundleError: there is no such single layer.
    """
    graph = onnx.load(model).graph
    weight, bias = (numpy_helper.to_array(tensor) for tensor in _tensors(graph, model))
    return Dense(weight, bias)


def write_dense(model: Path, dense: Dense, out: Path) -> None:
    """Copy `model` to `out` with another dense layer, which may tell more labels apart."""
    network = onnx.load(model)
    for tensor, values in zip(
        _tensors(network.graph, model), (dense.weight, dense.bias), strict=True
    ):
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    for value in (*network.graph.output, *network.graph.value_info):
        shape = value.type.tensor_type.shape.dim
        if value.name in (LOGITS, "probabilities") and len(shape) > 1:
            shape[1].dim_value = len(dense.bias)
    onnx.checker.check_model(network)
    onnx.save(network, out)


def _tensors(graph: Any, model: Path) -> tuple[Any, Any]:
    """Weight and bias, as they lie in the graph."""
    held = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Gemm" and LOGITS in node.output and EMBEDDING in node.input:
            transposed = {attribute.name: attribute.i for attribute in node.attribute}
            if transposed.get("transB") == 1 and all(name in held for name in node.input[1:3]):
                return held[node.input[1]], held[node.input[2]]
    raise BundleError(
        f"{model} has no dense layer between {EMBEDDING!r} and {LOGITS!r}: only bundles that "
        "yardlight-train made can be extended"
    )
