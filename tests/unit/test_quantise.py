"""INT8 that says what it costs, keeps what it must in FP32, and refuses what it cannot tell."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from deploy.bundle.command import DONE, FAILED
from deploy.bundle.errors import Fatal
from deploy.bundle.golden import read_golden
from deploy.bundle.manifest import INT8_MODEL, open_bundle
from deploy.bundle.proportion import wilson
from deploy.bundle.reference import Outputs, open_reference
from deploy.engines.distance import cosines
from deploy.quantise.quantiser import LEAST_PHOTOS, REPORT
from tests.models import LABELS, solid_jpeg
from tests.unit.deploying import deploy

PER_LABEL = 6


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Photos of each colour, in folders named as their labels."""
    for label in LABELS:
        (tmp_path / "photos" / label).mkdir(parents=True)
        for index in range(PER_LABEL):
            photo = tmp_path / "photos" / label / f"{index}.jpg"
            photo.write_bytes(solid_jpeg(label, 48 + 8 * index, 40))
    return tmp_path / "photos"


@pytest.fixture
def quantised(tiny_bundle: Path, photos: Path, tmp_path: Path) -> Path:
    """A bundle that `quantise` made."""
    out = tmp_path / "int8"
    assert deploy("quantise", tiny_bundle, "--calibration", photos, "--out", out) == DONE
    return out


def test_a_quantised_bundle_holds_both_networks_and_says_what_int8_costs(
    tiny_bundle: Path, quantised: Path
) -> None:
    made, before = open_bundle(quantised), open_bundle(tiny_bundle)
    assert INT8_MODEL in made.manifest.files
    assert made.manifest.files["model.onnx"] == before.manifest.files["model.onnx"]
    assert made.manifest.provenance["quantised_from"] == before.digest
    report = json.loads((quantised / REPORT).read_text(encoding="utf-8"))
    assert report["labelled"] is True
    assert report["accuracy_drop"] <= 0.01
    assert report["mean_cosine"] >= 0.99


def test_the_int8_network_answers_almost_as_the_reference_and_not_the_same(quantised: Path) -> None:
    bundle = open_bundle(quantised)
    golden = read_golden(bundle)
    found = open_reference(quantised / INT8_MODEL).run(golden.pixels).logits
    assert cosines(found, golden.outputs.logits).mean() >= 0.99
    assert not np.array_equal(found, golden.outputs.logits)


def test_int8_is_built_and_certified_with_accuracy_by_label(
    quantised: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("build", quantised, "--engine", "onnxruntime", "--precision", "int8")
    assert deploy(*asked, "--max-batch", "1", "--data", photos, "--into", tmp_path / "e") == DONE
    folder = Path(capsys.readouterr().out.strip().splitlines()[-1])
    record = json.loads((folder / "engine.json").read_text(encoding="utf-8"))
    evidence = record["certificate"]["evidence"]
    assert evidence["accuracy"]["right"] == evidence["accuracy"]["of"] == len(LABELS) * PER_LABEL
    assert set(evidence["by_label"]) == set(LABELS)
    assert 0 < evidence["accuracy"]["low"] < 1


def test_int8_of_a_bundle_that_was_not_quantised_names_the_command(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("build", tiny_bundle, "--engine", "onnxruntime", "--precision", "int8")
    assert deploy(*asked, "--into", tmp_path) == FAILED
    assert "make one with yardlight-deploy quantise" in capsys.readouterr().err


def test_fp16_is_built_by_converting_and_proven(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("build", tiny_bundle, "--engine", "onnxruntime", "--precision", "fp16")
    assert deploy(*asked, "--max-batch", "1", "--into", tmp_path) == DONE
    record = json.loads(next(tmp_path.glob("*/engine.json")).read_text(encoding="utf-8"))
    assert 0 < record["certificate"]["max_error"] <= 5e-3
    assert "equal to the reference" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("count", "said"), [(0, "holds no photos"), (3, f"at least {LEAST_PHOTOS} are needed")]
)
def test_a_folder_with_too_few_photos_is_refused(
    tiny_bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    count: int,
    said: str,
) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    for index in range(count):
        (folder / f"{index}.jpg").write_bytes(solid_jpeg("parcel"))
    asked = ("quantise", tiny_bundle, "--calibration", folder, "--out", tmp_path / "int8")
    assert deploy(*asked) == FAILED
    assert said in capsys.readouterr().err
    assert not (tmp_path / "int8").exists()


def test_a_photo_that_cannot_be_decoded_is_named(
    tiny_bundle: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "parcel" / "0.jpg").write_bytes(b"\xff\xd8\xff no picture")
    asked = ("quantise", tiny_bundle, "--calibration", photos, "--out", tmp_path / "int8")
    assert deploy(*asked) == FAILED
    assert str(photos / "parcel" / "0.jpg") in capsys.readouterr().err


def test_a_truncated_engine_is_refused_by_name(
    quantised: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("build", quantised, "--engine", "onnxruntime", "--precision", "int8")
    assert deploy(*asked, "--max-batch", "1") == DONE
    (network,) = quantised.glob("engines/*/network.onnx")
    network.write_bytes(network.read_bytes()[:-10])
    capsys.readouterr()
    assert deploy("verify", quantised, "--json") == FAILED
    assert "is missing or not the file" in capsys.readouterr().out


def test_verify_with_photos_shows_accuracy_and_writes_it_where_told(
    tiny_bundle: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))
    assert deploy("build", bundle, "--engine", "onnxruntime", "--max-batch", "1") == DONE
    (path,) = bundle.glob("engines/*/engine.json")
    before = path.read_bytes()
    assert deploy("verify", bundle, "--data", photos) == DONE
    assert path.read_bytes() == before
    assert "1.000 (0." in capsys.readouterr().out
    assert deploy("verify", bundle, "--data", photos, "--write") == DONE
    written = json.loads(path.read_text(encoding="utf-8"))["certificate"]["evidence"]
    assert written["photos"] == len(LABELS) * PER_LABEL


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (0, 0, 0.0, 1.0)],
)
def test_bounds_of_a_proportion_are_wilsons(right: int, of: int, low: float, high: float) -> None:
    assert wilson(right, of) == pytest.approx((low, high), abs=1e-4)


def test_without_labels_a_tie_that_turns_costs_nothing_and_a_sure_answer_its_certainty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from deploy.quantise import sweep

    sure, torn = [0.9, 0.1], [0.5001, 0.4999]
    probabilities = np.array([sure, torn], np.float32)
    expected = Outputs(probabilities, np.log(probabilities))
    judge = sweep.Judge(np.zeros((2, 1, 1, 3), np.uint8), None, expected)

    def drop_of(labels: list[int]) -> float:
        monkeypatch.setattr(sweep, "run", lambda *_: np.eye(2, dtype=np.float32)[labels])
        return judge.trial(None, ()).drop

    assert drop_of([0, 0]) == 0
    assert drop_of([0, 1]) == pytest.approx(0.0002 / 2, abs=1e-6)
    assert drop_of([1, 0]) == pytest.approx(0.8 / 2, abs=1e-6)


def test_labels_that_do_not_exclude_each_other_cost_what_each_answer_is_worth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from deploy.quantise import sweep

    probabilities = np.array([[0.9, 0.8]], np.float32)
    expected = Outputs(probabilities, np.log(probabilities / (1 - probabilities)))
    judge = sweep.Judge(np.zeros((1, 1, 1, 3), np.uint8), None, expected, "sigmoid")

    def trial_of(*logits: float) -> sweep.Trial:
        monkeypatch.setattr(sweep, "run", lambda *_: np.array([logits], np.float32))
        return judge.trial(None, ())

    assert (trial_of(1, 2).drop, trial_of(1, 2).agreement) == (0, 1)
    assert trial_of(2, -1).drop == pytest.approx(0.9 * 0.8 - 0.9 * 0.2)
    assert trial_of(2, -1).agreement == 0


def test_an_accuracy_that_cannot_be_kept_is_an_error_that_says_how_much_it_costs(
    tiny_bundle: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deploy.quantise import quantiser
    from deploy.quantise.sweep import Trial

    lost = Trial(None, ("a",), cosine=0.9, agreement=0.5, drop=0.3)
    monkeypatch.setattr(quantiser, "sweep", lambda *_: lost)
    spec = quantiser.QuantiseSpec(photos)
    with pytest.raises(Fatal, match=r"INT8 costs 0\.300 of the accuracy"):
        quantiser.quantise(open_bundle(tiny_bundle), spec, tmp_path / "int8", lambda _: None)
