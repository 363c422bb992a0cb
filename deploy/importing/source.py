"""Reading the ONNX file that is imported, its weights pulled in."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import onnx
from onnx import inliner

from deploy.bundle.errors import BundleError

# Protobuf cannot hold more in one file.
_MOST_BYTES = (2 << 30) - 1
# Broadcasting as it is today came with opset 7, which is also the oldest that ONNX Runtime takes.
_OLDEST_OPSET = 7
_FOREIGN = {
    b"PK\x03\x04": "a zip, as PyTorch and Keras write: export it with torch.onnx.export or tf2onnx",
    b"\x80\x02": "a Python pickle, as old PyTorch writes: export it with torch.onnx.export",
    b"\x89HDF": "HDF5, as Keras writes: convert it with tf2onnx",
}


def read_model(path: Path) -> tuple[Any, tuple[str, ...]]:
    """Read an ONNX file with its external weights inside and its local functions inlined.

    Returns:
        onnx.ModelProto, and the files beside it that held its weights.

    Raises:
        BundleError: not an ONNX file, too old, over 2 GB, or its weights are missing.
    """
    model = _parse(path)
    opset = opset_of(model)
    if opset < _OLDEST_OPSET:
        raise BundleError(
            f"{path}: opset {opset} is too old, expected {_OLDEST_OPSET} or newer: "
            "export it again, or convert it with onnx.version_converter"
        )
    weights = _pull_weights_in(model, path)
    if model.functions:
        model = inliner.inline_local_functions(model)
    return model, weights


def opset_of(model: Any) -> int:
    """The version of ONNX's own operators that the model is written in."""
    return max((entry.version for entry in model.opset_import if not entry.domain), default=1)


def _parse(path: Path) -> Any:
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise _too_big(path, size)
        data = path.read_bytes()
    except FileNotFoundError:
        raise BundleError(f"{path} does not exist") from None
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}") from error
    for magic, what in _FOREIGN.items():
        if data.startswith(magic):
            raise BundleError(f"{path} is not an ONNX file: it is {what}")
    try:
        model = onnx.ModelProto.FromString(data)
    except Exception as error:
        raise BundleError(f"{path} is not an ONNX file, or is cut short: {error}") from error
    if not model.graph.node:
        raise BundleError(f"{path} is not an ONNX file: no network is in it")
    return model


def _pull_weights_in(model: Any, path: Path) -> tuple[str, ...]:
    files = tuple(sorted({_location(tensor) for tensor in _external_tensors(model.graph)}))
    for name in files:
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or not (path.parent / name).is_file():
            raise BundleError(
                f"{path}: its weights lie in {name!r}, and {path.parent / name} is not there: "
                "keep that file beside the model, as it was exported"
            )
    size = path.stat().st_size + sum((path.parent / name).stat().st_size for name in files)
    if size > _MOST_BYTES:
        raise _too_big(path, size)
    try:
        onnx.load_external_data_for_model(model, str(path.parent))
    except Exception as error:
        raise BundleError(f"{path}: its weights cannot be read: {error}") from error
    return files


def _too_big(path: Path, size: int) -> BundleError:
    return BundleError(
        f"{path}: {size / 1e9:.1f} GB with its weights, one ONNX file holds 2 GB at most: "
        "take a smaller network or its FP16 weights"
    )


def _external_tensors(graph: Any) -> Iterator[Any]:
    for tensor in _tensors(graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            yield tensor


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                yield from _tensors(inner)


def _location(tensor: Any) -> str:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    return str(entries.get("location", ""))
