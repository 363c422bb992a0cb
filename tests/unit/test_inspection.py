"""What a bundle holds, and what would change with another one, is told before it is run."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy.bundle.command import DONE, FAILED
from deploy.bundle.manifest import MODEL
from deploy.engines.record import RECORD
from deploy.inspection.flat import flat
from edge.demo import BUNDLE
from tests.models import LABELS
from tests.unit.deploying import deploy, said, spoil
from tests.unit.signing import new_key, public

pytest.importorskip("onnx", reason="needs the extra 'deploy'")


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal in which no line breaks."""
    monkeypatch.setenv("COLUMNS", "400")


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, for this test to spoil."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))


def built(bundle: Path, engine: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Name of an engine that was built into the bundle."""
    assert deploy("build", bundle, "--engine", engine, "--max-batch", "2") == DONE
    return Path(capsys.readouterr().out.strip()).name


def document(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    assert deploy("inspect", *words, "--json") == DONE
    return json.loads(capsys.readouterr().out)


def text(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert deploy("inspect", *words) == DONE
    return capsys.readouterr().out


def test_the_network_is_counted(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = document(capsys, bundle)["network"]
    assert network["operators"]["Gemm"] == 1
    assert network["operators"]["Softmax"] == 1
    # Three means times four labels; the normalisation's own numbers are parameters too.
    assert network["macs"] == 3 * len(LABELS)
    assert network["parameters"] == sum(network["precisions"].values())
    shown = text(capsys, bundle)
    assert f"{network['parameters']} parameters" in shown
    assert "ReduceMean" in shown


def test_the_work_of_convolutions_is_that_of_their_kernels(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The demo's network, whose seven convolutions are counted by hand in its recipe."""
    network = document(capsys, BUNDLE)["network"]
    assert network["operators"]["Conv"] == 7
    assert network["macs"] > 100 * network["parameters"]


def test_where_the_network_came_from_is_told_line_by_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = text(capsys, BUNDLE)
    assert "data.train.vehicle" in shown
    assert "{'" not in shown


def test_an_engine_shows_its_certificate_and_what_it_costs(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = built(bundle, "onnxruntime", capsys)
    engine = document(capsys, bundle)["engines"][name]
    assert engine["certificate"]["passed"] is True
    assert engine["size"] >= (bundle / "engines" / name / RECORD).stat().st_size
    assert [size for size, _ in engine["cost"]["points"]] == [1, 2]
    shown = text(capsys, bundle)
    assert f"engine {name}" in shown
    assert "max_error" in shown
    assert "frames a second" in shown


def test_a_compiled_engine_tells_its_layers_only_where_it_may_be_opened(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("openvino", reason="needs the extra 'cpu'")
    name = built(bundle, "openvino", capsys)
    assert document(capsys, bundle)["engines"][name]["layers"] == {}
    layers = document(capsys, bundle, "--open-engines")["engines"][name]["layers"]
    assert "FullyConnected" in layers["f32"]
    assert "FullyConnected" in text(capsys, bundle, "--open-engines")


def test_an_engine_of_another_machine_is_not_opened(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = built(bundle, "onnxruntime", capsys)
    record = bundle / "engines" / name / RECORD
    elsewhere = json.loads(record.read_text(encoding="utf-8"))
    elsewhere["fingerprint"]["device"] = "another processor"
    record.write_text(json.dumps(elsewhere), encoding="utf-8")
    engine = document(capsys, bundle, "--open-engines")["engines"][name]
    assert "was built for device 'another processor', here it is '" in engine["problem"]


def test_an_engine_that_is_damaged_keeps_nobody_from_the_rest(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = built(bundle, "onnxruntime", capsys)
    (bundle / "engines" / name / RECORD).write_text("{", encoding="utf-8")
    assert "is damaged" in document(capsys, bundle)["engines"][name]["problem"]
    assert "is damaged" in text(capsys, bundle)


def test_who_signed_is_told_and_whether_it_was_looked_at(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cryptography", reason="needs the extra 'sign'")
    assert "signed   no" in text(capsys, bundle)
    key, other = new_key(tmp_path), new_key(tmp_path, "other")
    assert deploy("sign", bundle, "--key", key) == DONE
    capsys.readouterr()
    assert "they say; --trust checks it" in text(capsys, bundle)
    assert "which is trusted; it holds" in text(capsys, bundle, "--trust", public(key))
    assert deploy("inspect", bundle, "--trust", public(other)) == FAILED
    assert "none of which is trusted" in said(capsys)


# Two bundles


def test_a_bundle_does_not_differ_from_itself(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document(capsys, bundle, bundle)
    assert found["identical"] is True
    assert found["consequences"] == ["Nothing: it is the same bundle."]
    assert found["files"] == found["network"] == found["provenance"] == []


def test_other_labels_are_what_a_subscriber_hears_of_first(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Path(shutil.copytree(bundle, tmp_path / "other"))
    labels = ["vehicle", "pedestrian", "box", "background"]
    spoil(other, lambda manifest: manifest.update(version="2", labels=labels))
    found = document(capsys, bundle, other)
    assert (found["labels_added"], found["labels_removed"]) == (["box"], ["parcel"])
    assert found["labels_reordered"] is False
    assert found["weights"]["changed"] == 0
    shown = text(capsys, bundle, other)
    assert "These labels never come again: parcel." in shown
    assert "These labels may come, which nobody has seen before: box." in shown
    assert "colours 1 to colours 2" in shown


def test_labels_in_another_order_are_told(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Path(shutil.copytree(bundle, tmp_path / "other"))
    spoil(other, lambda manifest: manifest.update(labels=list(reversed(LABELS))))
    assert document(capsys, bundle, other)["labels_reordered"] is True
    assert "in another order" in text(capsys, bundle, other)


def test_other_weights_are_counted(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, bundle, BUNDLE)
    count, here = found["weights"], document(capsys, BUNDLE)["network"]["weights"]
    assert count["same"] + count["changed"] + count["added"] == len(here)
    assert {change["what"] for change in found["manifest"]} >= {"name", "input size"}
    assert MODEL in {change["what"] for change in found["files"]}
    assert "Labels and scores of a frame may change" in text(capsys, bundle, BUNDLE)


def test_a_bundle_that_is_none_is_named(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy("inspect", bundle, tmp_path / "none") == FAILED
    assert f"{tmp_path / 'none'} is not a bundle: " in said(capsys)


def test_nested_values_are_lines() -> None:
    nested = {"a": {"b": 1, "c": {"d": 0.25}}, "e": list(range(10)), "f": None, "g": {}, "h": True}
    assert dict(flat(nested)) == {
        "a.b": "1",
        "a.c.d": "0.25",
        "e": "0, 1, 2, 3, 4, 5, 6, 7 … 10 in all",
        "f": "-",
        "g": "-",
        "h": "yes",
    }
