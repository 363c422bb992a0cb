"""What a graph does not need for the outputs that are kept is left behind."""

from collections.abc import Iterator
from typing import Any


def keep_what_is_needed(graph: Any, outputs: tuple[str, ...]) -> None:
    """Drop every node and weight of an onnx.GraphProto that `outputs` do not depend on."""
    needed, kept = set(outputs), []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(_used(node))
    nodes = list(reversed(kept))
    del graph.node[:]
    graph.node.extend(nodes)
    _filter(graph.initializer, lambda tensor: tensor.name in needed)
    _filter(graph.sparse_initializer, lambda tensor: tensor.values.name in needed)
    del graph.value_info[:], graph.quantization_annotation[:]


def _used(node: Any) -> Iterator[str]:
    """Tensors that a node reads, those inside its branches and loops included."""
    yield from node.input
    for attribute in node.attribute:
        for inner in (attribute.g, *attribute.graphs):
            yield from (value.name for value in inner.output)
            for nested in inner.node:
                yield from _used(nested)


def _filter(repeated: Any, keeps: Any) -> None:
    for index in reversed(range(len(repeated))):
        if not keeps(repeated[index]):
            del repeated[index]
