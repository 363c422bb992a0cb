"""A bundle whose right answers are known without any training: it tells colours.

Red is a vehicle, green a pedestrian, blue a parcel, grey the background.
"""

import tempfile
from pathlib import Path

import numpy as np
import pytest

from deploy.bundle.golden import encode_frame
from deploy.bundle.manifest import Bundle, InputSpec
from deploy.bundle.pixels import Pixels
from deploy.importing.importer import import_model
from deploy.importing.spec import ImportSpec

COLOURS = {
    "vehicle": (210, 40, 40),
    "pedestrian": (40, 210, 40),
    "parcel": (40, 40, 210),
    "background": (128, 128, 128),
}
LABELS = tuple(COLOURS)
SPEC = ImportSpec(LABELS, InputSpec(32, 32), (127.5,) * 3, (127.5,) * 3, name="colours")
# What is far from grey speaks for its own colour and against the others; grey has a head start.
WEIGHTS = np.array([[8, -4, -4, 0], [-4, 8, -4, 0], [-4, -4, 8, 0]], np.float32)
HEAD_START = np.array([0, 0, 0, 4], np.float32)


def make_tiny_bundle(folder: Path) -> Bundle:
    """Make the bundle `folder`, as `yardlight-deploy import` would."""
    with tempfile.TemporaryDirectory() as place:
        model = Path(place) / "colours.onnx"
        write_network(model)
        return import_model(model, SPEC, folder)


def solid_jpeg(label: str, width: int = 64, height: int = 48) -> bytes:
    """A JPEG of one colour, which the bundle gives that label."""
    return encode_frame(solid_pixels(label, width, height))


def solid_pixels(label: str, width: int = 32, height: int = 32) -> Pixels:
    """A picture of one colour, uint8 [height, width, 3], RGB."""
    return np.full((height, width, 3), COLOURS[label], np.uint8)


def write_network(path: Path, activation: str = "Softmax") -> None:
    """Mean colour over the picture, a linear layer, and what makes probabilities of it."""
    onnx = pytest.importorskip("onnx", reason="needs the extra 'deploy'")
    node, from_array = onnx.helper.make_node, onnx.numpy_helper.from_array
    value, float32 = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    last = {"axis": 1} if activation == "Softmax" else {}
    graph = onnx.helper.make_graph(
        [
            node("ReduceMean", ["image"], ["mean"], axes=[2, 3], keepdims=0),
            node("Gemm", ["mean", "weights", "head_start"], ["logits"]),
            node(activation, ["logits"], ["scores"], **last),
        ],
        "colours",
        [value("image", float32, ["N", 3, SPEC.input.height, SPEC.input.width])],
        [value("scores", float32, ["N", len(LABELS)])],
        [from_array(WEIGHTS, "weights"), from_array(HEAD_START, "head_start")],
    )
    opset = onnx.helper.make_opsetid("", 17)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=9), path)
