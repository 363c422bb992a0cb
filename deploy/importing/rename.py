"""A prefix for every name of a graph, so that it can stand inside another one."""

from collections.abc import Iterator
from typing import Any


def prefix_names(graph: Any, prefix: str) -> None:
    """Put `prefix` before every name in an onnx.GraphProto, those in its branches and loops too.

    onnx.compose.add_prefix forgets weights that a branch reads from outside.
    """
    for named in _named(graph):
        named.name = _prefixed(named.name, prefix)
    for node in graph.node:
        node.input[:] = [_prefixed(name, prefix) for name in node.input]
        node.output[:] = [_prefixed(name, prefix) for name in node.output]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                prefix_names(attribute.g, prefix)
            for inner in attribute.graphs:
                prefix_names(inner, prefix)


def _named(graph: Any) -> Iterator[Any]:
    yield from graph.node
    yield from graph.input
    yield from graph.output
    yield from graph.value_info
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)


def _prefixed(name: str, prefix: str) -> str:
    """An empty name stands for an input that is left out, and stays empty."""
    return prefix + name if name else name
