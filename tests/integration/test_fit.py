"""`yardlight-train fit` on drawn pictures, through the door that a user takes."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import timm
import torch

import trainer.assemble
from deploy.bundle.command import run_command_line
from deploy.bundle.golden import read_golden
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import Bundle, open_bundle, sha256_of
from deploy.bundle.pixels import Pixels, frame_to_pixels
from deploy.bundle.reference import check_model, open_reference
from trainer.cli import app
from trainer.export import export
from trainer.learning import Learner
from trainer.parity import MAX_ERROR

pytestmark = pytest.mark.slow

LABELS = ("vehicle", "pedestrian", "parcel", "background")
SMALL = "test_efficientnet"
QUICK = ["--size", "32", "--batch", "16", "--labels", ",".join(LABELS), "--threads", "1"]


def draw(label: str, chance: np.random.Generator) -> Pixels:
    """A wide blue bar, a tall red one, a yellow square or nothing, on noisy grey."""
    picture = chance.normal(chance.uniform(60, 180), 10, (60, 80, 3)).clip(0, 255).astype(np.uint8)
    x, y = chance.integers(24, 56), chance.integers(20, 40)
    shapes = {
        "vehicle": (18, 8, (200, 60, 20)),
        "pedestrian": (5, 18, (20, 20, 200)),
        "parcel": (9, 9, (20, 200, 220)),
    }
    if label in shapes:
        half_width, half_height, colour = shapes[label]
        corners = (
            (int(x - half_width), int(y - half_height)),
            (int(x + half_width), int(y + half_height)),
        )
        cv2.rectangle(picture, *corners, colour, -1)
    return picture


def draw_split(folder: Path, each: int, seed: int) -> Path:
    chance = np.random.default_rng(seed)
    for label in LABELS:
        (folder / label).mkdir(parents=True)
        for index in range(each):
            cv2.imwrite(str(folder / label / f"{index:02}.jpg"), draw(label, chance))
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    draw_split(folder / "train", 24, seed=1)
    draw_split(folder / "val", 6, seed=2)
    return folder


def typed(*words: str | Path) -> int:
    return run_command_line(app, [str(word) for word in words])


def fit(data: Path, out: Path, *more: str) -> int:
    return typed("fit", "--data", data, "--out", out, *QUICK, *more)


@pytest.fixture(scope="module")
def bundle(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    out = tmp_path_factory.mktemp("models") / "yard"
    assert fit(data, out, "--epochs", "6") == 0
    return open_bundle(out)


def test_a_fitted_bundle_is_what_its_manifest_says(bundle: Bundle) -> None:
    check_model(bundle)
    manifest = bundle.manifest
    assert (manifest.name, manifest.labels) == ("yard", LABELS)
    assert manifest.outputs.extra == ("embedding", "feature_map")


def test_it_classifies_pictures_that_it_has_never_seen(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh = draw_split(tmp_path / "fresh", 20, seed=3)
    assert typed("evaluate", "--bundle", bundle.folder, "--data", fresh, "--json") == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["pictures"] == 80
    assert measured["accuracy"] > 0.9


def test_the_export_was_proven_equal_before_the_manifest_was_written(bundle: Bundle) -> None:
    measured = bundle.manifest.provenance["measured"]
    assert 0 <= measured["export_error"] <= MAX_ERROR
    assert measured["val_accuracy"] > 0.9


@pytest.mark.parametrize("count", [1, 3, 8])
def test_the_model_runs_batches_of_any_size(bundle: Bundle, count: int) -> None:
    pixels = read_golden(bundle).pixels[:count]
    reference = open_reference(bundle.model, threads=1)
    named = reference.named(pixels, ("probabilities", *bundle.manifest.outputs.extra))
    assert [len(values) for values in named.values()] == [count] * 3
    np.testing.assert_allclose(named["probabilities"].sum(1), 1, rtol=1e-5)


def test_golden_frames_are_validation_photos_with_their_pixels_and_answers(
    bundle: Bundle, data: Path
) -> None:
    golden = read_golden(bundle)
    photos = {path.read_bytes() for path in (data / "val").rglob("*.jpg")}
    assert photos.issuperset(golden.frames)
    for frame, pixels in zip(golden.frames, golden.pixels, strict=True):
        decoded = frame_to_pixels(frame, bundle.manifest.input, Limits())
        np.testing.assert_array_equal(decoded, pixels)
    called = golden.outputs.probabilities.argmax(1).tolist()
    assert called == [0, 1, 2, 3] * 2


def test_the_model_is_one_file_that_names_no_folder_of_this_machine(bundle: Bundle) -> None:
    assert [path.name for path in bundle.folder.glob("model*")] == ["model.onnx"]
    assert b"trainer/networks" not in bundle.model.read_bytes()


def test_the_report_has_the_curve_and_the_confusion_matrix(bundle: Bundle) -> None:
    report = json.loads((bundle.folder / "report" / "metrics.json").read_text())
    assert [epoch["epoch"] for epoch in report["epochs"]] == [1, 2, 3, 4, 5, 6]
    assert sum(map(sum, report["validation"]["confusion"]["counts"])) == 24


def test_the_same_seed_gives_the_same_bundle(bundle: Bundle, data: Path, tmp_path: Path) -> None:
    assert fit(data, tmp_path / "yard", "--epochs", "6") == 0
    assert open_bundle(tmp_path / "yard").digest == bundle.digest


def test_an_export_that_answers_otherwise_is_refused(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def export_wrongly(network: torch.nn.Module, pixels: Pixels, path: Path) -> None:
        swapped = torch.nn.Sequential(_Reversed(), network)
        export(swapped, pixels, path)

    monkeypatch.setattr(trainer.assemble, "export", export_wrongly)
    assert fit(data, tmp_path / "yard", "--epochs", "1") == 1
    assert "error: the exported network differs from the trained one" in capsys.readouterr().err
    # What was learned is not lost with it.
    left = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")]
    assert sorted(left) == ["yard-run", "yard-run/checkpoint.pt"]


class _Reversed(torch.nn.Module):  # type: ignore[misc] # torch is untyped here (pyproject.toml)
    """The classic mistake: BGR where RGB was expected."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.flip(3)


def test_an_interrupted_fit_leaves_nothing_behind(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Learner, "measure", interrupt)
    assert fit(data, tmp_path / "yard") == 130
    assert "interrupted" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_loss_that_explodes_names_step_and_learning_rate(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(data, tmp_path / "yard", "--lr", "1e30") == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("error: the loss became nan at step 2 with learning rate")


def test_pretrained_weights_are_probed_then_tuned_gently(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = small_weights(tmp_path), tmp_path / "yard"
    pretrained = ["--backbone", SMALL, "--weights", str(file), "--views", "1"]
    tuned = ["--epochs", "1", "--mixup", "0.5", "--cutmix", "0.5", "--ema", "0.5"]
    assert fit(data, out, *pretrained, *tuned, "--optimiser", "sgd", "--balanced") == 0
    said = capsys.readouterr().err
    assert re.search(r"tensors match.*dialect.*probe: val loss.*epoch 1/1: ", said, re.DOTALL)
    assert open_bundle(out).manifest.provenance["weights"] == sha256_of(file)


def small_weights(folder: Path) -> Path:
    torch.manual_seed(0)
    torch.save(timm.create_model(SMALL, num_classes=5).state_dict(), folder / "small.pth")
    return folder / "small.pth"


def test_without_weights_no_epoch_at_all_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(data, tmp_path / "yard", "--epochs", "0") == 1
    assert "--epochs 0 trains nothing" in capsys.readouterr().err


def draw_balls(folder: Path, count: int, seed: int) -> Path:
    chance = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for index in range(count):
        picture = draw("background", chance)
        cv2.circle(picture, (40, 30), int(chance.integers(12, 18)), (40, 220, 40), -1)
        cv2.imwrite(str(folder / f"{index:02}.jpg"), picture)
    return folder


def test_ten_photos_add_a_label_and_the_old_ones_stay(
    bundle: Bundle, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, out = draw_balls(tmp_path / "photos", 10, seed=6), tmp_path / "more"
    words = ("--label", "ball", "--images", photos, "--old-data", data / "val", "--out", out)
    assert typed("extend", "--bundle", bundle.folder, *words) == 0
    said = capsys.readouterr().out
    assert re.search(r"new: ball\n.*left out of learning: \d+ of 10\n.*of 24 now\nlost: ", said)
    more = open_bundle(out)
    check_model(more)
    assert more.manifest.labels == (*LABELS, "ball")
    assert more.manifest.version == "2"
    assert len(read_golden(more).outputs.logits[0]) == 5

    fresh = draw_split(tmp_path / "fresh", 6, seed=7)
    draw_balls(fresh / "ball", 10, seed=8)
    assert typed("evaluate", "--bundle", out, "--data", fresh, "--json") == 0
    scores = {score["label"]: score for score in json.loads(capsys.readouterr().out)["labels"]}
    assert scores["ball"]["recall"] >= 0.8
    assert min(score["recall"] for score in scores.values()) >= 0.5


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--label", "ball"], "give --label with --images, or --data"),
        (["--label", "ball", "--images", "none"], "none is not a folder"),
    ],
)
def test_extend_says_what_it_needs(
    bundle: Bundle,
    tmp_path: Path,
    words: list[str],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert typed("extend", "--bundle", bundle.folder, "--out", tmp_path / "out", *words) == 1
    assert complaint in capsys.readouterr().err


def test_an_existing_bundle_is_refused_before_anything_is_read(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(tmp_path / "no-data", bundle.folder) == 1
    assert "--overwrite" in capsys.readouterr().err


def test_pictures_with_unknown_labels_cannot_be_evaluated(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh = draw_split(tmp_path / "fresh", 1, seed=4)
    (fresh / "parcel").rename(fresh / "bicycle")
    assert typed("evaluate", "--bundle", bundle.folder, "--data", fresh) == 1
    assert "labels that the bundle does not know: bicycle" in capsys.readouterr().err
