"""Any number of frames at once: freeing a batch that the exporter fixed, and proof that it is."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import numpy_helper

from deploy.bundle.errors import BundleError
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Reference

FRAMES_PROVEN = 3
# One frame and three take other routines, whose sums run in another order.
_ALLOWED, _ALLOWED_HALF = 1e-4, 5e-3


def free_reshapes(model: Any, batch: int) -> Any:
    """Let every Reshape that states a fixed batch keep the batch that it is given.

    Exporters write `x.view(1, -1)` into the graph as a constant shape [1, -1].

    Args:
        model: onnx.ModelProto, left as it is.
        batch: the fixed batch.

    Returns:
        onnx.ModelProto
    """
    freed = type(model)()
    freed.CopyFrom(model)
    shapes = dict(_constant_shapes(freed.graph))
    for index, node in enumerate(freed.graph.node):
        if node.op_type == "Reshape" and _states_batch(node, shapes, batch):
            # 0 stands for the side that the input has.
            shape = np.array([0, *shapes[node.input[1]][1:]], np.int64)
            name = f"yardlight/shape-{index}"
            freed.graph.initializer.append(numpy_helper.from_array(shape, name))
            node.input[1] = name
    return freed


def batch_trouble(reference: Reference, pixels: Pixels, *, half: bool) -> str:
    """Why three frames at once do not give what each gives alone, empty if they do."""
    frames = pixels[:FRAMES_PROVEN]
    alone = np.concatenate([reference.run(frame[None]).logits for frame in frames])
    try:
        together = reference.run(frames).logits
    except Exception as error:  # noqa: BLE001 - whatever ONNX Runtime says is the answer
        return str(error)
    if together.shape != alone.shape:
        return f"{FRAMES_PROVEN} frames give scores {list(together.shape)}"
    apart = float(np.abs(together - alone).max() / max(float(np.abs(alone).max()), 1e-12))
    fits = apart <= (_ALLOWED_HALF if half else _ALLOWED)
    return "" if fits else f"{FRAMES_PROVEN} frames at once differ by {apart:.1e} from each alone"


def fixed_batch(where: str, batch: int | None, trouble: str) -> BundleError:
    return BundleError(
        f"{where}: the network takes batches of {batch or 1} and nothing else ({trouble}): "
        "export it with a dynamic batch, in PyTorch dynamic_axes={'input': {0: 'N'}}"
    )


def _constant_shapes(graph: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    for tensor in graph.initializer:
        if len(tensor.dims) == 1 and tensor.data_type == tensor.INT64:
            yield tensor.name, numpy_helper.to_array(tensor)
    for node in graph.node:
        if node.op_type == "Constant":
            for attribute in node.attribute:
                if attribute.name == "value" and len(attribute.t.dims) == 1:
                    yield node.output[0], numpy_helper.to_array(attribute.t)


def _states_batch(node: Any, shapes: dict[str, NDArray[Any]], batch: int) -> bool:
    shape = shapes.get(node.input[1])
    takes_zero_literally = any(entry.name == "allowzero" and entry.i for entry in node.attribute)
    return shape is not None and len(shape) > 0 and shape[0] == batch and not takes_zero_literally
