"""Networks that a builder does not take: refused with the operator, its node, and what to do."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy.bundle.command import FAILED
from deploy.bundle.manifest import MODEL, sha256_of
from tests.unit.deploying import deploy, spoil

ADVICE = "export it with plain operators, or take --engine onnxruntime, which runs every one"


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, whose network this test may change."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))


def change_network(bundle: Path, change: Any) -> None:
    onnx = pytest.importorskip("onnx", reason="needs the extra 'deploy'")
    model = onnx.load(bundle / MODEL)
    change(onnx, model)
    onnx.save(model, bundle / MODEL)
    digest = sha256_of(bundle / MODEL)
    spoil(bundle, lambda document: document["files"].update({MODEL: digest}))


def with_a_determinant(onnx: Any, model: Any) -> None:
    """Put an operator before the logits that only ONNX Runtime computes."""
    nodes = model.graph.node
    place = next(index for index, node in enumerate(nodes) if "logits" in node.output)
    nodes[place].output[0] = "before"
    nodes.append(onnx.helper.make_node("Det", ["before"], ["volume"], name="head/Det"))
    nodes.append(onnx.helper.make_node("Add", ["before", "volume"], ["logits"]))


def why(capsys: pytest.CaptureFixture[str]) -> str:
    """The last line on stderr; progress may stand above it."""
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("engine", ["openvino", "tensorrt-rtx"])
def test_an_operator_that_a_builder_does_not_take_is_named_with_its_node(
    bundle: Path, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    library = {"openvino": "openvino", "tensorrt-rtx": "tensorrt_rtx_bindings"}[engine]
    pytest.importorskip(library)
    change_network(bundle, with_a_determinant)
    assert deploy("build", bundle, "--engine", engine) == FAILED
    said = why(capsys)
    assert "does not take operator Det at node 'head/Det'" in said
    assert said.endswith(ADVICE)


def test_a_network_whose_sides_were_left_open_is_refused_with_the_shape_that_was_expected(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def open_sides(_: Any, model: Any) -> None:
        for side in (1, 2):
            model.graph.input[0].type.tensor_type.shape.dim[side].dim_param = f"side{side}"

    change_network(bundle, open_sides)
    assert deploy("build", bundle, "--engine", "onnxruntime") == FAILED
    assert "expected one input 'pixels' uint8 [N, 32, 32, 3] with a dynamic N, found" in why(capsys)


def test_a_network_without_scores_is_no_classifier(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_network(bundle, lambda _, model: model.graph.output.pop())
    assert deploy("build", bundle, "--engine", "onnxruntime") == FAILED
    assert "is missing, it has [" in why(capsys)


def test_a_network_of_an_opset_from_the_future_is_refused_before_any_builder_runs(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def newer(_: Any, model: Any) -> None:
        model.opset_import[0].version = 99

    change_network(bundle, newer)
    assert deploy("build", bundle, "--engine", "onnxruntime") == FAILED
    said = why(capsys)
    assert "cannot be loaded by ONNX Runtime" in said
    assert "opset" in said.lower()


def test_weights_that_stayed_elsewhere_are_named(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def outside(onnx: Any, model: Any) -> None:
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="weights.bin")

    change_network(bundle, outside)
    assert deploy("build", bundle, "--engine", "onnxruntime") == FAILED
    assert "weights.bin" in why(capsys)
