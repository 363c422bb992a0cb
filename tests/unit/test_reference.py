"""The reference runs what the manifest speaks of, and says how a model differs from it."""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploy.bundle.errors import BundleError
from deploy.bundle.manifest import MODEL, Bundle, InputSpec, OutputSpec, write_bundle
from deploy.bundle.reference import Reference, check_model, open_reference
from tests.ending import finished

onnx = pytest.importorskip("onnx", reason="needs the extra 'deploy'")

LABELS = ("red", "green", "blue")
UINT8, FLOAT, HALF = onnx.TensorProto.UINT8, onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16


def save(path: Path, **changes: Any) -> Path:
    """A model that scores a picture by its mean colour; `changes` make it another one."""
    given = {
        "name": "pixels",
        "kind": UINT8,
        "shape": ["N", 6, 8, 3],
        "outputs": ["probabilities", "logits", "embedding"],
        "scores": ["N", 3],
        "as_type": FLOAT,
        **changes,
    }
    nodes = [
        onnx.helper.make_node("Cast", [given["name"]], ["float"], to=FLOAT),
        onnx.helper.make_node("ReduceMean", ["float"], ["mean"], axes=[1, 2], keepdims=0),
        onnx.helper.make_node("Cast", ["mean"], ["logits"], to=given["as_type"]),
        onnx.helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        onnx.helper.make_node("Identity", ["logits"], ["embedding"]),
    ]
    graph = onnx.helper.make_graph(
        nodes,
        "colours",
        [onnx.helper.make_tensor_value_info(given["name"], given["kind"], given["shape"])],
        [
            onnx.helper.make_tensor_value_info(name, given["as_type"], given["scores"])
            for name in given["outputs"]
        ],
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=9), path)
    return path


def bundle_of(folder: Path, labels: tuple[str, ...] = LABELS, **changes: Any) -> Bundle:
    extra = changes.pop("extra", ())
    save(folder / MODEL, **changes)
    return write_bundle(
        folder,
        name="colours",
        version="1",
        labels=labels,
        input_spec=InputSpec(8, 6),
        outputs=OutputSpec("softmax", extra),
        provenance={},
    )


def refusal(bundle: Bundle) -> str:
    with pytest.raises(BundleError) as caught:
        check_model(bundle)
    said = str(caught.value)
    assert said.startswith(f"{bundle.model}: ")
    return said.removeprefix(f"{bundle.model}: ")


@pytest.fixture
def reference(tmp_path: Path) -> Reference:
    return open_reference(save(tmp_path / MODEL), threads=1)


def test_any_number_of_frames_is_run_and_each_stands_for_itself(reference: Reference) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (5, 6, 8, 3), np.uint8)
    outputs = reference.run(pixels)
    np.testing.assert_allclose(outputs.logits, pixels.mean(axis=(1, 2)), rtol=1e-6)
    np.testing.assert_allclose(outputs.probabilities.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(reference.probabilities(pixels), outputs.probabilities)
    np.testing.assert_allclose(reference.run(pixels[2:3]).logits, outputs.logits[2:3], rtol=1e-6)
    assert outputs.logits.dtype == outputs.probabilities.dtype == np.float32


def test_other_outputs_are_given_by_name(reference: Reference) -> None:
    pixels = np.full((1, 6, 8, 3), 7, np.uint8)
    found = reference.named(pixels, ("embedding", "logits"))
    assert list(found) == ["embedding", "logits"]
    np.testing.assert_array_equal(found["embedding"], np.full((1, 3), 7))


@pytest.mark.parametrize("content", [b"", b"text", b"\x08\x07\x12\x04\xff"])
def test_a_file_that_is_no_model_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / MODEL
    path.write_bytes(content)
    with pytest.raises(BundleError, match=f"^{path} cannot be loaded by ONNX Runtime: "):
        open_reference(path)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=f"^{tmp_path / MODEL} cannot be loaded"):
        open_reference(tmp_path / MODEL)


def test_a_model_that_is_what_the_manifest_says_passes(tmp_path: Path) -> None:
    check_model(bundle_of(tmp_path, extra=("embedding",)))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "image"},
        {"kind": FLOAT},
        {"shape": ["N", 8, 6, 3]},
        {"shape": [1, 6, 8, 3]},
    ],
    ids=["name", "type", "size", "fixed-batch"],
)
def test_another_input_is_refused_with_both(tmp_path: Path, changes: dict[str, Any]) -> None:
    said = refusal(bundle_of(tmp_path, **changes))
    assert said.startswith(
        "expected one input 'pixels' uint8 [N, 6, 8, 3] with a dynamic N, found [('"
    )


def test_labels_that_do_not_match_the_output_are_refused_with_both_numbers(tmp_path: Path) -> None:
    said = refusal(bundle_of(tmp_path, labels=("red", "green")))
    assert said == (
        "output 'probabilities' has shape ['N', 3], "
        "the manifest lists 2 labels, so [N, 2] was expected"
    )


def test_labels_are_counted_even_where_the_model_leaves_their_number_open(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, labels=("red", "green"), scores=["N", "C"])
    assert "the manifest lists 2 labels" in refusal(bundle)


@pytest.mark.parametrize("name", ["probabilities", "logits"])
def test_a_missing_output_is_named(tmp_path: Path, name: str) -> None:
    others = [output for output in ("embedding", "logits", "probabilities") if output != name]
    assert refusal(bundle_of(tmp_path, outputs=others)) == (
        f"output {name!r} is missing, it has {others}"
    )


def test_an_extra_output_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = refusal(bundle_of(tmp_path, extra=("feature_map",)))
    assert said.startswith("the manifest names output 'feature_map', it has ['embedding', ")


def test_scores_of_another_type_are_refused(tmp_path: Path) -> None:
    said = refusal(bundle_of(tmp_path, as_type=HALF))
    assert said == "output 'probabilities' is tensor(float16), expected tensor(float)"


def test_nobody_is_told_what_runs_here(tiny_bundle: Path, tmp_path: Path) -> None:
    ask = (
        "import os, sys; from pathlib import Path; import numpy as np\n"
        "from deploy.bundle.reference import open_reference\n"
        "model = open_reference(Path(sys.argv[1]) / 'model.onnx', threads=1)\n"
        "model.run(np.zeros((1, 32, 32, 3), np.uint8))\n"
        "assert os.environ['ORT_DISABLE_TELEMETRY'] == '1'\n"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    finished([sys.executable, "-c", ask, str(tiny_bundle)], check=True, env=environment)
    assert list(tmp_path.rglob("*")) == []
