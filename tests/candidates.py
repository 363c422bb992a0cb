"""Bundles to be rolled out after that of `tests.models`: as good, worse, worse at work only."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pytest

from deploy.bundle.manifest import Bundle
from deploy.importing.importer import import_model
from tests.models import HEAD_START, LABELS, SPEC, WEIGHTS

Kind: TypeAlias = Literal["as-good", "shuffled", "fails-at-work"]


def make_candidate(folder: Path, kind: Kind = "as-good", version: str = "2") -> Bundle:
    """Make the bundle `folder`, with a name of its own.

    `shuffled` gives each colour another's label; `fails-at-work` answers nothing finite for a
    picture of one colour, of which the golden frames have none.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    model = folder.with_suffix(".onnx")
    onnx = pytest.importorskip("onnx", reason="needs the extra 'deploy'")
    onnx.save(_network(onnx, kind), model)
    labels = LABELS if kind != "shuffled" else (*LABELS[1:], LABELS[0])
    spec = replace(SPEC, labels=labels, name=kind, version=version)
    try:
        return import_model(model, spec, folder)
    finally:
        model.unlink()


def _network(onnx: Any, kind: Kind) -> Any:
    node, from_array = onnx.helper.make_node, onnx.numpy_helper.from_array
    value, float32 = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    nodes = [
        node("ReduceMean", ["image"], ["mean"], axes=[2, 3], keepdims=0),
        node("Gemm", ["mean", "weights", "head_start"], ["linear"]),
        *_ending(node, fails=kind == "fails-at-work"),
        node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    graph = onnx.helper.make_graph(
        nodes,
        "colours",
        [value("image", float32, ["N", 3, SPEC.input.height, SPEC.input.width])],
        [value("scores", float32, ["N", len(LABELS)])],
        [
            from_array(WEIGHTS, "weights"),
            from_array(HEAD_START, "head_start"),
            from_array(np.array([1], np.float32), "one"),
        ],
    )
    opset = onnx.helper.make_opsetid("", 17)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=9)


def _ending(node: Any, *, fails: bool) -> list[Any]:
    """What the picture's colours differ by, divided by itself: no number where they do not."""
    if not fails:
        return [node("Identity", ["linear"], ["logits"])]
    return [
        node("ReduceMax", ["image"], ["highest"], axes=[2, 3], keepdims=0),
        node("ReduceMin", ["image"], ["lowest"], axes=[2, 3], keepdims=0),
        node("Sub", ["highest", "lowest"], ["range_by_channel"]),
        node("ReduceMax", ["range_by_channel"], ["range"], axes=[1], keepdims=1),
        node("Div", ["range", "range"], ["one_or_nothing"]),
        node("Mul", ["linear", "one_or_nothing"], ["logits"]),
    ]
