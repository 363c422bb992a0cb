"""Where in a network the operators stand that a builder does not take."""

from collections.abc import Collection

import onnx


def nodes_of(network: bytes, operators: Collection[str]) -> str:
    """The names of the nodes with these operators, such as `'head/Det'`; a node without a name is
    known by what it gives.
    """
    graph = onnx.load_model_from_string(network).graph
    found = [node for node in graph.node if node.op_type in operators]
    return ", ".join(repr(node.name or node.output[0]) for node in found)
