"""Nodes that lay zeros before a convolution go, all other padding stays, no answer differs."""

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from deploy.quantise.padding import padded_by_convolutions

AROUND = (0, 0, 0, 1, 0, 0, 2, 1)
PIXELS = np.random.default_rng(5).standard_normal((2, 3, 7, 6)).astype(np.float32)


def network(
    around: tuple[int, ...] = AROUND,
    *,
    mode: str = "constant",
    value: float | None = None,
    behind: str = "Conv",
    auto_pad: str = "NOTSET",
    shown: bool = False,
) -> Any:
    """A node that pads, with `behind` reading what it gives; `shown` makes that an output too."""
    given = [numpy_helper.from_array(np.array(around, np.int64), "around")]
    if value is not None:
        given.append(numpy_helper.from_array(np.array(value, np.float32), "value"))
    weights = np.random.default_rng(7).standard_normal((4, 3, 3, 3)).astype(np.float32)
    given.append(numpy_helper.from_array(weights, "weights"))
    words = {"Conv": ["padded", "weights"], "Relu": ["padded"]}[behind]
    own = {"auto_pad": auto_pad} if auto_pad != "NOTSET" else {"pads": [1, 0, 0, 1]}
    nodes = [
        helper.make_node(
            "Pad",
            ["x", "around", *(["value"] if value is not None else [])],
            ["padded"],
            "pad",
            mode=mode,
        ),
        helper.make_node(behind, words, ["y"], "behind", **(own if behind == "Conv" else {})),
    ]
    outputs = ["y", "padded"] if shown else ["y"]
    graph = helper.make_graph(
        nodes,
        "padding",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 7, 6])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        given,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return onnx.shape_inference.infer_shapes(model)


def loaded(model: Any) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def answer(model: Any) -> Any:
    return loaded(model).run(["y"], {"x": PIXELS})[0]


def kinds(model: Any) -> list[str]:
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("value", [None, 0.0])
def test_zeros_before_a_convolution_are_laid_by_it(value: float | None) -> None:
    before = network(value=value)
    after = padded_by_convolutions(before)
    assert kinds(after) == ["Conv"]
    np.testing.assert_allclose(answer(after), answer(before), rtol=1e-5, atol=1e-6)


def test_amounts_that_nodes_compute_from_constants_count_as_constants() -> None:
    before = network()
    half = numpy_helper.from_array(np.array(AROUND, np.int64) // 1, "half")
    before.graph.initializer.append(half)
    before.graph.node.insert(0, helper.make_node("Identity", ["half"], ["computed"], "compute"))
    before.graph.node[1].input[1] = "computed"
    after = padded_by_convolutions(before)
    assert kinds(after) == ["Conv"]
    np.testing.assert_allclose(answer(after), answer(before), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(network(value=0.5), id="laid with something else"),
        pytest.param(network(mode="edge"), id="the edge repeated"),
        pytest.param(network((0, 0, -1, 0, 0, 0, 0, 0)), id="cut off"),
        pytest.param(network(behind="Relu"), id="before no convolution"),
        pytest.param(network(auto_pad="SAME_UPPER"), id="a convolution that pads by its own rule"),
        pytest.param(network(shown=True), id="an output of the network"),
    ],
)
def test_all_other_padding_stays(before: Any) -> None:
    after = padded_by_convolutions(before)
    assert "Pad" in kinds(after)
    np.testing.assert_allclose(answer(after), answer(before), rtol=1e-5, atol=1e-6)


def test_a_network_with_branches_keeps_its_padding() -> None:
    before = network(shown=True)
    graph = before.graph
    del graph.output[1]
    branches = {
        name: helper.make_graph(
            [helper.make_node(kind, ["padded"], [name])],
            name,
            [],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)],
        )
        for name, kind in (("then", "Neg"), ("other", "Abs"))
    }
    graph.input.append(helper.make_tensor_value_info("which", TensorProto.BOOL, []))
    graph.node.append(
        helper.make_node(
            "If", ["which"], ["z"], then_branch=branches["then"], else_branch=branches["other"]
        )
    )
    graph.output.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, None))
    after = padded_by_convolutions(before)
    assert "Pad" in kinds(after)
    assert loaded(after).get_outputs()[1].name == "z"


def test_only_the_operators_that_are_used_are_imported() -> None:
    assert [it.domain for it in padded_by_convolutions(network()).opset_import] == [""]
