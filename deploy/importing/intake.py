"""The one input of an image classifier: is it the picture that the spec speaks of?"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import onnx

from deploy.bundle.errors import BundleError
from deploy.importing.spec import ImportSpec

Dimension: TypeAlias = int | str

_RANK = 4


@dataclass(frozen=True, slots=True)
class Intake:
    """Where a picture goes into the network."""

    name: str
    half: bool
    """It takes float16."""
    batch: int | None
    """How many frames it is fixed to, None where that is free."""


def image_input(model: Any, spec: ImportSpec, where: str) -> Intake:
    """Find the input that takes the picture and compare it with the spec.

    Raises:
        BundleError: there is more than one input, or its type, layout or size is another one.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1:
        found = "; ".join(map(_describe, inputs)) or "none"
        raise BundleError(f"{where}: expected one input, a picture; found {len(inputs)}: {found}")
    value = inputs[0]
    kinds = {onnx.TensorProto.FLOAT: False, onnx.TensorProto.FLOAT16: True}
    half = kinds.get(value.type.tensor_type.elem_type)
    if half is None:
        raise BundleError(
            f"{where}: expected a picture in float32 or float16, found {_describe(value)}: "
            "export the network without its own preprocessing"
        )
    shape = _shape(value)
    _check_shape(shape, spec, where, _describe(value))
    return Intake(value.name, half, shape[0] if isinstance(shape[0], int) else None)


def _check_shape(shape: list[Dimension], spec: ImportSpec, where: str, found: str) -> None:
    height, width = spec.input.height, spec.input.width
    expected = [3, height, width] if spec.layout == "nchw" else [height, width, 3]
    if len(shape) != _RANK:
        raise BundleError(
            f"{where}: expected a picture [N, {', '.join(map(str, expected))}], found {found}: "
            "is this a network for images?"
        )
    axis, other = (1, 3) if spec.layout == "nchw" else (3, 1)
    if _differs(shape[axis], 3):
        advice = "take a network for colour pictures"
        if not _differs(shape[other], 3):
            advice = f"did you mean --layout {'nhwc' if spec.layout == 'nchw' else 'nchw'}?"
        raise BundleError(
            f"{where}: expected 3 channels in dimension {axis} of layout {spec.layout}, "
            f"found {shape[axis]} in {found}: {advice}"
        )
    rows, columns = (shape[2], shape[3]) if spec.layout == "nchw" else (shape[1], shape[2])
    if _differs(rows, height) or _differs(columns, width):
        raise BundleError(
            f"{where}: the network takes pictures {columns} wide and {rows} high, --size says "
            f"{width}x{height}: give the network's own size"
        )


def _differs(found: Dimension, expected: int) -> bool:
    return isinstance(found, int) and found != expected


def _shape(value: Any) -> list[Dimension]:
    """Dimensions as numbers, or as a name (`?` if it has none) where they are free."""
    return [
        int(dim.dim_value) if dim.dim_value > 0 else str(dim.dim_param or "?")
        for dim in value.type.tensor_type.shape.dim
    ]


def _describe(value: Any) -> str:
    kind = onnx.TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower()
    kind = {"float": "float32", "double": "float64"}.get(kind, kind)
    return f"{value.name!r} {kind} [{', '.join(map(str, _shape(value)))}]"
