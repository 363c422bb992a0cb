"""Any ONNX classifier becomes a bundle that answers as it did, or is refused with the reason."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploy.bundle.errors import BundleError, MissingDriver
from deploy.bundle.golden import draw_frames, read_golden
from deploy.bundle.manifest import Bundle, InputSpec, open_bundle, sha256_of
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Outputs, open_reference
from deploy.importing.importer import import_model
from deploy.importing.spec import ImportSpec, parse_channels, parse_size, read_labels
from tests import encoded

onnx = pytest.importorskip("onnx", reason="needs the extra 'deploy'")
helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto

LABELS = ("red", "green", "blue", "grey")
SPEC = ImportSpec(LABELS, InputSpec(16, 12), (127.5,) * 3, (127.5,) * 3)
WEIGHTS = np.array([[3, -1, -1, 0], [-1, 3, -1, 0], [-1, -1, 3, 0]], np.float32)
PIXELS = np.random.default_rng(3).integers(0, 256, (5, 12, 16, 3), np.uint8)
node = helper.make_node


def network(
    path: Path,
    *tail: Any,
    shape: Sequence[Any] = ("N", 3, 12, 16),
    kind: int = TensorProto.FLOAT,
    outputs: Sequence[str] = ("scores",),
    weights: Sequence[tuple[str, Any]] = (),
    image: str = "image",
    nhwc: bool = False,
    opset: int = 17,
) -> Path:
    """A network that scores a picture by its mean colour, its last nodes given by `tail`.

    `tail` takes `mean` [N, 3] and the weights `W` [3, 4]; without one, `scores` is mean x W.
    """
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    axes = [1, 2] if nhwc else [2, 3]
    graph = helper.make_graph(
        [
            node("ReduceMean", [image], ["mean"], axes=axes, keepdims=0),
            *(tail or [node("MatMul", ["mean", "W"], ["scores"])]),
        ],
        "colours",
        [helper.make_tensor_value_info(image, kind, shape)],
        [helper.make_tensor_value_info(name, kind, None) for name in outputs],
        [
            numpy_helper.from_array(WEIGHTS.astype(dtype), "W"),
            *(numpy_helper.from_array(values, name) for name, values in weights),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    onnx.save(model, path)
    return path


def matmul(to: str = "logit") -> Any:
    return node("MatMul", ["mean", "W"], [to])


def expected_logits(pixels: Pixels, spec: ImportSpec = SPEC) -> Any:
    """The same by hand, in double precision."""
    return ((pixels.astype(float) - spec.mean) / spec.std).mean(axis=(1, 2)) @ WEIGHTS


def softmax(logits: Any) -> Any:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tmp_path / "colours.onnx"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "yard"


def answers(bundle: Bundle, pixels: Pixels = PIXELS) -> Outputs:
    return open_reference(bundle.model, threads=1).run(pixels)


def refusal(model: Path, spec: ImportSpec = SPEC, out: Path | None = None) -> str:
    """What the refusal says; nothing is left behind by it."""
    place = out or model.with_name("refused")
    before = set(place.parent.iterdir())
    with pytest.raises(BundleError) as caught:
        import_model(model, spec, place)
    assert set(place.parent.iterdir()) == before
    return str(caught.value)


# What comes out


def test_a_classifier_becomes_a_bundle_that_takes_pixels(model: Path, out: Path) -> None:
    bundle = import_model(network(model), replace(SPEC, name="yard", version="7"), out)
    assert bundle == open_bundle(out)
    assert (bundle.manifest.name, bundle.manifest.version) == ("yard", "7")
    assert bundle.manifest.labels == LABELS
    assert bundle.manifest.input == SPEC.input
    assert bundle.manifest.outputs.activation == "softmax"
    found = answers(bundle)
    np.testing.assert_allclose(found.logits, expected_logits(PIXELS), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.probabilities, softmax(found.logits), rtol=1e-5)


def test_the_first_nodes_are_cast_normalise_transpose(model: Path, out: Path) -> None:
    graph = onnx.load(import_model(network(model), SPEC, out).model).graph
    assert [each.op_type for each in graph.node][:4] == ["Cast", "Sub", "Mul", "Transpose"]
    assert [value.name for value in graph.input] == ["pixels"]
    assert [value.name for value in graph.output] == ["logits", "probabilities"]


@pytest.mark.parametrize("mean", [(0.0, 0.0, 0.0), (103.939, 116.779, 123.68)])
@pytest.mark.parametrize("std", [(1.0, 1.0, 1.0), (58.395, 57.12, 57.375)])
def test_mean_and_std_are_folded_in(model: Path, out: Path, mean: Any, std: Any) -> None:
    spec = replace(SPEC, mean=mean, std=std)
    found = answers(import_model(network(model), spec, out)).logits
    np.testing.assert_allclose(found, expected_logits(PIXELS, spec), rtol=1e-4, atol=1e-3)


def test_bgr_turns_the_channels_before_the_network_sees_them(model: Path, out: Path) -> None:
    spec = replace(SPEC, colour="bgr", mean=(103.939, 116.779, 123.68), std=(1.0, 2.0, 3.0))
    found = answers(import_model(network(model), spec, out)).logits
    expected = expected_logits(PIXELS[..., ::-1], spec)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


def test_nhwc_needs_no_transpose(model: Path, out: Path) -> None:
    network(model, shape=("N", 12, 16, 3), nhwc=True)
    bundle = import_model(model, replace(SPEC, layout="nhwc"), out)
    assert "Transpose" not in {each.op_type for each in onnx.load(bundle.model).graph.node}
    np.testing.assert_allclose(
        answers(bundle).logits, expected_logits(PIXELS), rtol=1e-4, atol=1e-5
    )


def test_free_sides_are_bound_to_the_size(model: Path, out: Path) -> None:
    bundle = import_model(network(model, shape=("N", 3, "H", None)), SPEC, out)
    shape = onnx.load(bundle.model).graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_value or dim.dim_param for dim in shape] == ["N", 12, 16, 3]


@pytest.mark.parametrize("opset", [7, 9, 11, 12, 13, 17, 21, 22])
def test_every_opset_that_runs_is_taken(model: Path, out: Path, opset: int) -> None:
    pooled = [
        node("GlobalAveragePool", ["image"], ["pooled"]),
        node("Flatten", ["pooled"], ["flat"], axis=1),
        node("MatMul", ["flat", "W"], ["scores"]),
    ]
    if opset >= 18:  # ReduceMean's axes became an input
        graph = onnx.load(network(model, *pooled))
        del graph.graph.node[0]
        graph.opset_import[0].version = opset
        onnx.save(graph, model)
    else:
        network(model, *pooled, opset=opset)
    found = answers(import_model(model, SPEC, out)).logits
    np.testing.assert_allclose(found, expected_logits(PIXELS), rtol=1e-4, atol=1e-5)


def test_weights_that_are_listed_as_inputs_are_weights(model: Path, out: Path) -> None:
    old = onnx.load(network(model, opset=11))
    old.ir_version = 3
    old.graph.input.append(helper.make_tensor_value_info("W", TensorProto.FLOAT, [3, 4]))
    onnx.save(old, model)
    bundle = import_model(model, SPEC, out)
    assert [value.name for value in onnx.load(bundle.model).graph.input] == ["pixels"]


def test_half_precision_stays_inside(model: Path, out: Path) -> None:
    bundle = import_model(network(model, kind=TensorProto.FLOAT16), SPEC, out)
    found = answers(bundle)
    assert found.logits.dtype == found.probabilities.dtype == np.float32
    np.testing.assert_allclose(found.logits, expected_logits(PIXELS), atol=5e-3)
    operators = [each.op_type for each in onnx.load(bundle.model).graph.node]
    assert operators[:5] == ["Cast", "Sub", "Mul", "Transpose", "Cast"]


def test_names_of_the_network_never_clash_with_the_bundles_own(model: Path, out: Path) -> None:
    network(
        model,
        matmul("probabilities"),
        node("Softmax", ["probabilities"], ["logits"], name="pixels", axis=1),
        image="pixels",
        outputs=["logits"],
    )
    found = answers(import_model(model, SPEC, out))
    np.testing.assert_allclose(found.logits, expected_logits(PIXELS), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.probabilities, softmax(found.logits), rtol=1e-5)


def test_what_the_scores_do_not_need_is_left_behind(model: Path, out: Path) -> None:
    network(
        model,
        matmul("scores"),
        node("Mul", ["mean", "spare"], ["embedding"]),
        outputs=["embedding", "scores"],
        weights=[("spare", np.ones(3, np.float32)), ("unused", np.ones(9, np.float32))],
    )
    graph = onnx.load(import_model(model, SPEC, out).model).graph
    assert not {"network/spare", "network/unused"} & {each.name for each in graph.initializer}
    assert "network/embedding" not in {name for each in graph.node for name in each.output}


def test_branches_keep_what_they_read_from_outside(model: Path, out: Path) -> None:
    branch = helper.make_graph(
        [matmul("inner")],
        "b",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)],
    )
    choose = node("If", ["yes"], ["scores"], then_branch=branch, else_branch=branch)
    network(model, choose, weights=[("yes", np.array(True))])
    found = answers(import_model(model, SPEC, out)).logits
    np.testing.assert_allclose(found, expected_logits(PIXELS), rtol=1e-4, atol=1e-5)


def test_local_functions_are_inlined(model: Path, out: Path) -> None:
    plain = onnx.load(network(model, node("Score", ["mean", "W"], ["scores"], domain="own")))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    body = [node("MatMul", ["x", "w"], ["l"]), node("Softmax", ["l"], ["y"], axis=1)]
    plain.functions.append(
        helper.make_function("own", "Score", ["x", "w"], ["y"], body, opsets[:1])
    )
    plain.opset_import.append(opsets[1])
    onnx.save(plain, model)
    found = answers(import_model(model, SPEC, out)).logits
    np.testing.assert_allclose(found, expected_logits(PIXELS), rtol=1e-4, atol=1e-5)


def test_the_same_import_makes_the_same_bundle(model: Path, tmp_path: Path) -> None:
    network(model)
    first, second = (import_model(model, SPEC, tmp_path / name) for name in ("a", "b"))
    assert first.digest == second.digest


def test_provenance_says_where_the_model_came_from(model: Path, out: Path) -> None:
    provenance = import_model(network(model), SPEC, out).manifest.provenance
    assert provenance["made_by"] == "yardlight-deploy import"
    source = provenance["source"]
    assert (source["file"], source["sha256"]) == ("colours.onnx", sha256_of(model))
    assert (source["opset"], source["output"]) == (17, "scores")
    assert 0 <= source["import_error"] <= 1e-5
    assert provenance["config"]["mean"] == [127.5] * 3
    assert provenance["config"]["layout"] == "nchw"
    assert set(provenance["versions"]) == {"yardlight", "onnx", "onnxruntime"}
    assert str(model.parent) not in str(provenance)


# Logits or probabilities

ENDINGS = {
    "nothing": [],
    "Identity": [node("Identity", ["p"], ["scores"])],
    "Flatten": [node("Flatten", ["p"], ["scores"])],
    "Reshape": [node("Reshape", ["p", "rows"], ["scores"])],
    "two": [node("Identity", ["p"], ["q"]), node("Reshape", ["q", "rows"], ["scores"])],
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", ["Softmax", "Sigmoid"])
def test_the_logits_are_what_goes_into_the_activation(
    model: Path, out: Path, kind: str, ending: str
) -> None:
    after = ENDINGS[ending]
    last = node(kind, ["logit"], ["p" if after else "scores"])
    rows = ("rows", np.array([-1, 4], np.int64))
    network(model, matmul(), last, *after, weights=[rows])
    bundle = import_model(model, SPEC, out)
    assert bundle.manifest.outputs.activation == kind.lower()
    found, logits = answers(bundle), expected_logits(PIXELS)
    np.testing.assert_allclose(found.logits, logits, rtol=1e-4, atol=1e-5)
    expected = softmax(logits) if kind == "Softmax" else 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(found.probabilities, expected, rtol=1e-4)


def test_an_activation_is_added_to_logits(model: Path, out: Path) -> None:
    network(model)
    found = answers(import_model(model, replace(SPEC, activation="sigmoid"), out))
    np.testing.assert_allclose(found.probabilities, 1 / (1 + np.exp(-found.logits)), rtol=1e-5)


@pytest.mark.parametrize("scores", ["auto", "probabilities"])
def test_a_softmax_written_out_is_known_by_its_values(model: Path, out: Path, scores: Any) -> None:
    network(
        model,
        matmul(),
        node("Exp", ["logit"], ["power"]),
        node("ReduceSum", ["power", "last"], ["sum"], keepdims=1),
        node("Div", ["power", "sum"], ["scores"]),
        weights=[("last", np.array([1], np.int64))],
    )
    bundle = import_model(model, replace(SPEC, scores=scores), out)
    assert bundle.manifest.outputs.activation == "softmax"
    found = answers(bundle)
    np.testing.assert_allclose(found.probabilities, softmax(expected_logits(PIXELS)), rtol=1e-4)
    np.testing.assert_allclose(softmax(found.logits), found.probabilities, rtol=1e-4)


HARD_SIGMOID = [matmul(), node("HardSigmoid", ["logit"], ["scores"])]


def test_probabilities_of_many_labels_get_logits_that_a_sigmoid_undoes(
    model: Path, out: Path
) -> None:
    network(model, *HARD_SIGMOID)
    bundle = import_model(model, replace(SPEC, scores="probabilities"), out)
    assert bundle.manifest.outputs.activation == "sigmoid"
    found = answers(bundle)
    np.testing.assert_allclose(1 / (1 + np.exp(-found.logits)), found.probabilities, atol=1e-5)


def test_scores_that_could_be_either_must_be_told(model: Path, out: Path) -> None:
    network(model, *HARD_SIGMOID)
    said = refusal(model)
    assert "lie between 0 and 1 and no Softmax or Sigmoid was found" in said
    assert said.endswith("say --scores probabilities or --scores logits")
    bundle = import_model(model, replace(SPEC, scores="logits"), out)
    assert bundle.manifest.outputs.activation == "softmax"


@pytest.mark.parametrize(
    ("told", "tail", "said"),
    [
        ({"scores": "probabilities"}, [], "gives probabilities, found scores from -"),
        ({"scores": "logits"}, ["Softmax"], "gives logits, but it ends in Softmax"),
        ({"activation": "sigmoid"}, ["Softmax"], "activation is sigmoid, but it ends in Softmax"),
        ({"activation": "softmax"}, ["Sigmoid"], "activation is softmax, but it ends in Sigmoid"),
        (
            {"scores": "probabilities", "activation": "softmax"},
            ["HardSigmoid"],
            "its probabilities do not sum to one",
        ),
    ],
)
def test_what_was_told_is_compared_with_what_is_found(
    model: Path, told: dict[str, Any], tail: list[str], said: str
) -> None:
    network(model, *([matmul(), node(tail[0], ["logit"], ["scores"])] if tail else []))
    message = refusal(model, replace(SPEC, **told))
    assert message.startswith(f"{model}: told that ")
    assert said in message


def test_a_softmax_over_the_wrong_axis_is_no_classifier(model: Path) -> None:
    network(model, matmul(), node("Softmax", ["logit"], ["scores"], axis=0))
    assert "its probabilities are not the softmax of its logits over the labels" in refusal(model)


@pytest.mark.parametrize("kind", [None, "Softmax", "Sigmoid"])
def test_dimensions_of_one_are_squeezed(model: Path, out: Path, kind: str | None) -> None:
    to = "scores" if kind is None else "maps"
    tail = [matmul(), node("Reshape", ["logit", "as_map"], [to])]
    if kind:
        tail.append(node(kind, ["maps"], ["scores"], **({"axis": 1} if kind == "Softmax" else {})))
    network(model, *tail, weights=[("as_map", np.array([-1, 4, 1, 1], np.int64))])
    found = answers(import_model(model, SPEC, out))
    assert found.logits.shape == found.probabilities.shape == (5, 4)
    np.testing.assert_allclose(found.logits, expected_logits(PIXELS), rtol=1e-4, atol=1e-5)


def test_an_output_is_chosen_by_the_number_of_labels_or_by_name(model: Path, out: Path) -> None:
    network(
        model, matmul("scores"), node("Neg", ["scores"], ["other"]), outputs=["scores", "other"]
    )
    assert "several outputs give 4 scores: scores, other; say which with --output" in refusal(model)
    bundle = import_model(model, replace(SPEC, output="other"), out)
    np.testing.assert_allclose(
        answers(bundle).logits, -expected_logits(PIXELS), rtol=1e-4, atol=1e-5
    )
    assert "no output 'third', it has 'scores' [1, 4]" in refusal(
        model, replace(SPEC, output="third")
    )


def test_of_logits_and_probabilities_beside_each_other_both_are_used(
    model: Path, out: Path
) -> None:
    network(
        model,
        matmul("scores"),
        node("Softmax", ["scores"], ["chances"]),
        outputs=["scores", "chances"],
    )
    found = answers(import_model(model, SPEC, out))
    np.testing.assert_allclose(found.logits, expected_logits(PIXELS), rtol=1e-4, atol=1e-5)


# Batches


@pytest.mark.parametrize("batch", [1, 2, 8])
def test_a_fixed_batch_is_made_free(model: Path, out: Path, batch: int) -> None:
    bundle = import_model(network(model, shape=(batch, 3, 12, 16)), SPEC, out)
    np.testing.assert_allclose(
        answers(bundle).logits, expected_logits(PIXELS), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("shape", [[1, -1], [1, 3]])
def test_a_batch_that_a_reshape_states_is_made_free_too(
    model: Path, out: Path, shape: list[int]
) -> None:
    network(
        model,
        node("Reshape", ["mean", "flat"], ["row"]),
        node("MatMul", ["row", "W"], ["scores"]),
        shape=(1, 3, 12, 16),
        weights=[("flat", np.array(shape, np.int64))],
    )
    bundle = import_model(model, SPEC, out)
    np.testing.assert_allclose(
        answers(bundle).logits, expected_logits(PIXELS), rtol=1e-4, atol=1e-5
    )


def test_a_batch_that_cannot_be_freed_is_refused(model: Path) -> None:
    network(
        model,
        node("Squeeze", ["mean", "first"], ["vector"]),
        node("MatMul", ["vector", "W"], ["row"]),
        node("Unsqueeze", ["row", "first"], ["scores"]),
        shape=(1, 3, 12, 16),
        weights=[("first", np.array([0], np.int64))],
    )
    said = refusal(model)
    assert said.startswith(f"{model}: the network takes batches of 1 and nothing else (")
    assert said.endswith("in PyTorch dynamic_axes={'input': {0: 'N'}}")


def test_frames_that_change_one_anothers_scores_are_refused(model: Path) -> None:
    network(
        model,
        node("ReduceMean", ["mean"], ["over_frames"], axes=[0], keepdims=1),
        node("Sub", ["mean", "over_frames"], ["centred"]),
        node("Add", ["mean", "centred"], ["moved"]),
        node("MatMul", ["moved", "W"], ["scores"]),
    )
    assert "3 frames at once differ by " in refusal(model)


# Refused before it runs


def test_a_picture_of_another_size_is_refused_with_both(model: Path) -> None:
    assert refusal(network(model, shape=("N", 3, 224, 320))) == (
        f"{model}: the network takes pictures 320 wide and 224 high, --size says 16x12: "
        "give the network's own size"
    )


@pytest.mark.parametrize(
    ("layout", "shape", "meant"),
    [("nchw", ("N", 12, 16, 3), "nhwc"), ("nhwc", ("N", 3, 12, 16), "nchw")],
)
def test_the_other_layout_is_suggested(
    model: Path, layout: Any, shape: tuple[Any, ...], meant: str
) -> None:
    said = refusal(network(model, shape=shape), replace(SPEC, layout=layout))
    assert f"expected 3 channels in dimension {1 if layout == 'nchw' else 3}" in said
    assert said.endswith(f"did you mean --layout {meant}?")


def test_a_network_for_grey_pictures_is_refused(model: Path) -> None:
    said = refusal(network(model, shape=("N", 1, 12, 16)))
    assert "found 1 in 'image' float32 [N, 1, 12, 16]: take a network for colour" in said


@pytest.mark.parametrize(
    ("kind", "shape", "said"),
    [
        (TensorProto.FLOAT, ("N", "S"), "found 'image' float32 [N, S]: is this a network for"),
        (TensorProto.FLOAT, ("N", 3, 8, 12, 16), "expected a picture [N, 3, 12, 16]"),
        (TensorProto.UINT8, ("N", 3, 12, 16), "expected a picture in float32 or float16"),
        (TensorProto.INT64, ("N", "S"), "found 'image' int64 [N, S]"),
    ],
)
def test_an_input_that_is_no_picture_is_refused(
    model: Path, kind: int, shape: tuple[Any, ...], said: str
) -> None:
    network(model, shape=shape)
    changed = onnx.load(model)
    changed.graph.input[0].type.tensor_type.elem_type = kind
    onnx.save(changed, model)
    assert said in refusal(model)


def test_several_inputs_are_refused_and_listed(model: Path) -> None:
    two = onnx.load(network(model))
    two.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["N", 12]))
    onnx.save(two, model)
    assert refusal(model) == (
        f"{model}: expected one input, a picture; found 2: "
        "'image' float32 [N, 3, 12, 16]; 'mask' float32 [N, 12]"
    )


def test_a_wrong_number_of_labels_is_refused_with_both_numbers(model: Path) -> None:
    network(model)
    said = refusal(model, replace(SPEC, labels=("a", "b")))
    assert said.startswith(f"{model}: 2 labels were given, found 4 scores in output 'scores'")
    assert "background" not in said
    said = refusal(model, replace(SPEC, labels=("a", "b", "c")))
    assert said.endswith("networks from TensorFlow often begin with a class 'background'")


def test_an_object_detector_is_refused(model: Path) -> None:
    boxes = node("Reshape", ["logit", "boxes"], ["scores"])
    network(model, matmul(), boxes, weights=[("boxes", np.array([-1, 2, 2], np.int64))])
    said = refusal(model)
    assert said.startswith(f"{model}: expected an output [N, 4], one score a label; ")
    assert said.endswith("'scores' [1, 2, 2]: object detectors and segmenters are no classifiers")


def test_scores_that_are_not_finite_are_refused(model: Path) -> None:
    network(model, matmul(), node("Log", ["logit"], ["scores"]))
    assert "holds values that are not finite: check --mean, --std" in refusal(model)


def test_a_model_that_does_not_run_is_refused(model: Path) -> None:
    network(
        model,
        node("Reshape", ["mean", "odd"], ["row"]),
        node("MatMul", ["row", "W"], ["scores"]),
        weights=[("odd", np.array([7, 3], np.int64))],
    )
    assert "the model does not run on pictures [1, 3, 12, 16]: " in refusal(model)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no network is in it"),
        (b"a text file\n", "is not an ONNX file"),
        (b"PK\x03\x04" + bytes(60), "a zip, as PyTorch and Keras write: export it with torch.onnx"),
        (b"\x89HDF\r\n", "HDF5, as Keras writes: convert it with tf2onnx"),
    ],
)
def test_what_is_no_onnx_file_is_refused(model: Path, content: bytes, said: str) -> None:
    model.write_bytes(content)
    message = refusal(model)
    assert message.startswith(f"{model} is not an ONNX file")
    assert said in message


def test_a_file_that_is_cut_short_is_refused(model: Path) -> None:
    model.write_bytes(network(model).read_bytes()[:-20])
    assert refusal(model).startswith(f"{model} is not an ONNX file, or is cut short: ")


def test_a_missing_model_is_named(model: Path) -> None:
    assert refusal(model) == f"{model} does not exist"


def test_an_opset_that_is_too_old_is_refused(model: Path) -> None:
    said = refusal(network(model, opset=6))
    assert said.startswith(f"{model}: opset 6 is too old, expected 7 or newer")


def test_an_opset_that_onnx_runtime_does_not_know_is_named(model: Path) -> None:
    new = onnx.load(network(model))
    new.opset_import[0].version = 99
    onnx.save(new, model)
    said = refusal(model)
    assert said.startswith(f"{model} cannot be loaded by ONNX Runtime: ")
    assert "it is written in opset 99, read by ONNX Runtime" in said
    assert said.endswith("export it with opset 17, which every engine takes")


def test_an_operator_that_nobody_knows_is_named(model: Path) -> None:
    network(model, node("Quantum", ["mean"], ["scores"]))
    assert "Quantum" in refusal(model)


# External weights


def with_weights_beside(model: Path) -> Path:
    loaded = onnx.load(network(model))
    onnx.save(loaded, model, save_as_external_data=True, location="colours.data", size_threshold=0)
    return model.with_name("colours.data")


def test_weights_beside_the_model_are_pulled_in(model: Path, out: Path) -> None:
    data = with_weights_beside(model)
    digest = sha256_of(data)
    bundle = import_model(model, SPEC, out)
    data.unlink()
    model.unlink()
    assert set(bundle.folder.iterdir()) == {out / "bundle.json", out / "golden", out / "model.onnx"}
    assert bundle.manifest.provenance["source"]["weights"] == {"colours.data": digest}
    np.testing.assert_allclose(
        answers(bundle).logits, expected_logits(PIXELS), rtol=1e-4, atol=1e-5
    )


def test_missing_weights_are_named(model: Path) -> None:
    data = with_weights_beside(model)
    data.unlink()
    said = refusal(model)
    assert said.startswith(f"{model}: its weights lie in 'colours.data', and {data} is not there")


@pytest.mark.parametrize("place", ["../colours.data", "/etc/passwd"])
def test_weights_outside_the_models_folder_are_not_followed(model: Path, place: str) -> None:
    with_weights_beside(model)
    moved = onnx.load(model, load_external_data=False)
    for tensor in moved.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = place
    onnx.save(moved, model)
    assert f"its weights lie in {place!r}" in refusal(model)


def test_weights_that_are_cut_short_are_refused(model: Path) -> None:
    data = with_weights_beside(model)
    data.write_bytes(data.read_bytes()[:-8])
    assert str(model) in refusal(model)


def test_more_than_one_file_can_hold_is_refused(model: Path) -> None:
    with model.open("wb") as file:
        file.truncate(3 << 30)
    assert "3.2 GB with its weights, one ONNX file holds 2 GB at most" in refusal(model)
    data = with_weights_beside(model)
    with data.open("r+b") as file:
        file.truncate(3 << 30)
    assert "3.2 GB with its weights, one ONNX file holds 2 GB at most" in refusal(model)


# Whole or not at all


def test_an_existing_bundle_is_replaced_only_when_told(model: Path, out: Path) -> None:
    first = import_model(network(model), SPEC, out)
    assert refusal(model, out=out) == (
        f"{out} exists: choose another --out, or replace it with --overwrite"
    )
    second = import_model(model, replace(SPEC, version="2", overwrite=True), out)
    assert second.digest != first.digest
    assert {path.name for path in out.parent.iterdir()} == {"colours.onnx", "yard"}


def test_a_failed_import_leaves_the_old_bundle_alone(model: Path, out: Path) -> None:
    first = import_model(network(model), SPEC, out)
    refusal(model, replace(SPEC, labels=("a",), overwrite=True), out)
    assert open_bundle(out).digest == first.digest


def test_a_folder_that_is_no_bundle_is_never_replaced(model: Path, out: Path) -> None:
    out.mkdir()
    (out / "thesis.txt").touch()
    said = refusal(network(model), replace(SPEC, overwrite=True), out)
    assert said == f"{out} is not a bundle (no bundle.json): --overwrite leaves it alone"


def test_a_bundle_can_be_read_by_others(model: Path, out: Path) -> None:
    import_model(network(model), SPEC, out)
    beside = out.with_name("beside")
    beside.mkdir()
    assert out.stat().st_mode == beside.stat().st_mode


def test_parity_is_proven_before_anything_is_written(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deploy.importing.rewrite import rewrite

    def off_by_a_shade(network: Any, spec: ImportSpec, *others: Any) -> Any:
        return rewrite(network, replace(spec, mean=(127.5, 127.5, 127.4)), *others)

    monkeypatch.setattr("deploy.importing.conversion.rewrite", off_by_a_shade)
    said = refusal(network(model))
    assert "the rewritten network differs from the original: largest error of a score is " in said
    assert said.endswith("allowed is 1e-05; nothing was written")


def test_without_onnx_the_extra_is_named(
    model: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingDriver) as caught:
        import_model(model, SPEC, out)
    assert str(caught.value) == "onnx is not installed: pip install 'yardlight[deploy]'"


# Golden frames


def test_golden_frames_are_drawn_by_default(model: Path, out: Path) -> None:
    bundle = import_model(network(model), SPEC, out)
    assert read_golden(bundle).frames == draw_frames()
    assert bundle.manifest.provenance["config"]["golden"] == "drawn"


def test_photos_become_golden_frames_jpegs_as_they_are(model: Path, out: Path) -> None:
    photos = model.with_name("photos")
    (photos / "day").mkdir(parents=True)
    picture = encoded.smooth(48, 64)
    (photos / "a.JPG").write_bytes(encoded.jpeg(picture))
    (photos / "day" / "b.png").write_bytes(encoded.png_of(picture))
    (photos / "day" / "c.webp").write_bytes(encoded.webp(picture))
    (photos / "notes.txt").touch()
    golden = read_golden(import_model(network(model), replace(SPEC, golden=photos), out))
    assert golden.frames[0] == encoded.jpeg(picture)
    assert len(golden.frames) == 3
    assert all(frame.startswith(b"\xff\xd8") for frame in golden.frames)
    assert np.abs(golden.pixels.astype(int) - golden.pixels[0]).mean() < 4


def test_of_many_photos_sixteen_are_taken_from_all_over(model: Path, out: Path) -> None:
    photos = model.with_name("photos")
    photos.mkdir()
    frames = [encoded.jpeg(encoded.smooth(24, 32, seed)) for seed in range(40)]
    for index, frame in enumerate(frames):
        (photos / f"{index:02d}.jpg").write_bytes(frame)
    golden = read_golden(import_model(network(model), replace(SPEC, golden=photos), out))
    assert len(golden.frames) == 16
    assert (golden.frames[0], golden.frames[-1]) == (frames[0], frames[-1])


def test_a_photo_larger_than_a_frame_may_be_is_encoded_again(model: Path, out: Path) -> None:
    photos = model.with_name("photos")
    photos.mkdir()
    (photos / "a.jpg").write_bytes(encoded.jpeg(encoded.smooth(48, 64)) + bytes(5 << 20))
    golden = read_golden(import_model(network(model), replace(SPEC, golden=photos), out))
    assert len(golden.frames[0]) < 100_000


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("broken.jpg", b"\xff\xd8\xff", "broken.jpg: the picture ends within its header"),
        ("page.html", b"", "holds no photos (*.jpg, *.png, *.webp)"),
    ],
)
def test_photos_that_cannot_be_used_are_named(
    model: Path, name: str, content: bytes, said: str
) -> None:
    photos = model.with_name("photos")
    photos.mkdir()
    (photos / name).write_bytes(content)
    assert said in refusal(network(model), replace(SPEC, golden=photos))


def test_a_golden_folder_that_is_none_is_named(model: Path) -> None:
    nowhere = model.with_name("nowhere")
    said = refusal(network(model), replace(SPEC, golden=nowhere))
    assert said == f"--golden: {nowhere} is not a folder"


# What is typed


@pytest.mark.parametrize(
    ("text", "size"), [("224", (224, 224)), ("320x240", (320, 240)), (" 8 X 9 ", (8, 9))]
)
def test_a_size_is_one_side_or_width_by_height(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "x", "224x", "0", "0x5", "-3", "1.5", "1x2x3", "99999"])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BundleError, match="expected 224, or width x height as 320x240"):
        parse_size(text)


def test_a_mean_is_one_number_or_three() -> None:
    assert parse_channels("mean", "127.5") == (127.5, 127.5, 127.5)
    assert parse_channels("mean", "123.675, 116.28,103.53") == (123.675, 116.28, 103.53)
    for text in ("", "a", "1,2", "1,2,3,4", "1,,3"):
        with pytest.raises(BundleError, match=r"^std '.*' is not one or three numbers: "):
            parse_channels("std", text)


@pytest.mark.parametrize(
    ("mean", "std", "meant"),
    [
        ("0.485,0.456,0.406", "0.229,0.224,0.225", "123.675,116.28,103.53 --std 58.395,57.12,"),
        ("0.5", "0.5", "--mean 127.5 --std 127.5?"),
        ("0", "0.00392157", "--std 1?"),
    ],
)
def test_fractions_of_white_are_refused_with_what_was_meant(
    model: Path, mean: str, std: str, meant: str
) -> None:
    spec = replace(SPEC, mean=parse_channels("mean", mean), std=parse_channels("std", std))
    said = refusal(model, spec)
    assert "means and stds are in pixel values 0..255; did you mean --mean " in said
    assert meant in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mean": (300.0, 0.0, 0.0)}, "mean is 300,0,0, expected pixel values from 0 to 255"),
        ({"mean": (float("nan"),) * 3}, "mean is nan, expected pixel values from 0 to 255"),
        ({"std": (0.0,) * 3}, "std is 0, expected pixel values above 0"),
        ({"std": (float("inf"),) * 3}, "std is inf, expected pixel values above 0"),
        ({"std": (-58.0,) * 3}, "std is -58, expected pixel values above 0"),
        ({"labels": ()}, "labels: no labels, expected one a line"),
        ({"labels": ("a", "b", "a")}, "labels: labels are not unique, repeated: 'a' (lines 1, 3)"),
    ],
)
def test_a_spec_that_cannot_be_meant_is_refused_before_the_model_is_read(
    model: Path, changes: dict[str, Any], said: str
) -> None:
    assert refusal(model, replace(SPEC, **changes)).startswith(said)


def test_labels_are_read_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes("\ufeffred\r\n green \nbleu clair\n\n".encode())
    assert read_labels(path) == ("red", "green", "bleu clair")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no labels, expected one a line"),
        (b"red\n\ngreen\n  \nblue", "line 2, 4 is empty, expected a label on each"),
        (b"red\ngreen\nred\n", "labels are not unique, repeated: 'red' (lines 1, 3)"),
        (b"caf\xe9\n", "cannot be read as UTF-8 text"),
    ],
)
def test_a_labels_file_with_a_mistake_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes(content)
    with pytest.raises(BundleError) as caught:
        read_labels(path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


def test_a_missing_labels_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=f"^labels: {tmp_path / 'none'} does not exist$"):
        read_labels(tmp_path / "none")
