"""`fit --multi-label`: frames that show several things, one or none, up to the classifications."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

from deploy.bundle.annotation import Annotation, write_annotation
from deploy.bundle.golden import read_golden
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import Bundle, open_bundle
from deploy.bundle.pixels import Pixels, frame_to_pixels
from deploy.bundle.reference import check_model, open_reference
from tests.integration.running import serving
from tests.integration.test_fit import SMALL, small_weights, typed
from tests.integration.test_resume import learned
from tests.integration.test_teaching import killed_after
from tests.integration.world import Sent, World
from trainer.keeper import Keeper
from trainer.parity import MAX_ERROR

pytestmark = pytest.mark.slow
LABELS = ("vehicle", "pedestrian", "parcel")
SHAPES = {
    "vehicle": (18, 6, (200, 60, 20)),
    "pedestrian": (4, 16, (20, 20, 200)),
    "parcel": (8, 8, (20, 200, 220)),
}
QUICK = ("--size", "32", "--batch", "16", "--labels", ",".join(LABELS), "--threads", "1")


def draw(labels: Sequence[str], chance: np.random.Generator) -> Pixels:
    """A bar, another bar, a square, or what of them is asked for, on noisy grey; BGR."""
    picture = chance.normal(chance.uniform(60, 180), 10, (60, 80, 3)).clip(0, 255).astype(np.uint8)
    for label in chance.permutation(list(labels)).tolist():
        x, y = chance.integers(20, 60), chance.integers(16, 44)
        wide, high, colour = SHAPES[label]
        corners = (int(x - wide), int(y - high)), (int(x + wide), int(y + high))
        cv2.rectangle(picture, *corners, colour, -1)
    return picture


def draw_split(folder: Path, count: int, seed: int) -> Path:
    """Every other picture lies in the folder of its first label, as `ingest` puts it."""
    chance = np.random.default_rng(seed)
    for number in range(count):
        labels = tuple(label for label in LABELS if chance.random() < 0.45)
        place = labels[0] if labels and number % 2 else "frames"
        path = folder / place / f"{number:03}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), draw(labels, chance))
        write_annotation(path, Annotation(labels, by="person"))
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    draw_split(folder / "train", 160, seed=1)
    draw_split(folder / "val", 48, seed=2)
    return folder


def fit(data: Path, out: Path, *more: str | Path) -> int:
    return typed("fit", "--multi-label", "--data", data, "--out", out, *QUICK, *more)


@pytest.fixture(scope="module")
def bundle(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    out = tmp_path_factory.mktemp("models") / "yard"
    assert fit(data, out, "--epochs", "16", "--lr", "0.005") == 0
    return open_bundle(out)


def evaluated(bundle: Bundle, data: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert typed("evaluate", "--bundle", bundle.folder, "--data", data, "--json") == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_the_manifest_says_that_labels_do_not_exclude_each_other(bundle: Bundle) -> None:
    check_model(bundle)
    assert bundle.manifest.labels == LABELS
    assert bundle.manifest.outputs.activation == "sigmoid"
    golden = read_golden(bundle).outputs
    expected = 1 / (1 + np.exp(-golden.logits))
    np.testing.assert_allclose(golden.probabilities, expected, rtol=1e-4, atol=1e-6)
    assert bundle.manifest.provenance["measured"]["export_error"] <= MAX_ERROR
    assert bundle.manifest.provenance["data"]["pictures"] == {"train": 160, "val": 48}


def test_it_finds_what_new_frames_show(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = evaluated(bundle, draw_split(tmp_path / "fresh", 80, seed=3), capsys)
    assert found["pictures"] == 80
    assert found["mean_average_precision"] > 0.9
    assert found["exact_match"] > 0.6
    assert "confusion" not in found
    assert len(found["calibration"]["offsets"]) == 3
    for score in found["labels"]:
        assert {"precision", "recall", "f1", "average_precision", "best_threshold"} <= score.keys()


def test_people_read_the_same_as_machines(
    bundle: Bundle, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--bundle", bundle.folder, "--data", data / "val", "--report", tmp_path / "seen")
    assert typed("evaluate", *words) == 0
    said = capsys.readouterr().out
    assert said.startswith("48 pictures: exact match ")
    assert "mean average precision" in said
    assert "is ↓ called →" not in said
    page = (tmp_path / "seen" / "index.html").read_text("utf-8")
    assert 'id="confusion"' not in page
    assert "exact match" in page
    assert "and an offset for each label" in page
    card = (bundle.folder / "report" / "model-card.md").read_text("utf-8")
    assert "**task**: which of 3 labels are in a frame: none, one or several" in card
    assert "**pictures (val)**: 48: vehicle " in card


def test_heat_maps_are_of_one_label_of_several(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = np.full((64, 64, 3), 120, np.uint8)
    picture[8:14, 4:40], picture[36:60, 48:54] = SHAPES["vehicle"][2], SHAPES["pedestrian"][2]
    cv2.imwrite(str(tmp_path / "both.png"), picture)
    boxes = {}
    for label in LABELS[:2]:
        words = (bundle.folder, tmp_path / "both.png", "--label", label, "--json")
        assert typed("explain", *words) == 0
        (found,) = json.loads(capsys.readouterr().out)
        assert set(found["labels"]) >= set(LABELS[:2])
        assert (found["explains"], found["method"]) == (label, "Grad-CAM")
        boxes[label] = found["looked_at"]
    assert boxes["vehicle"] != boxes["pedestrian"]


def test_one_label_at_a_time_is_what_extend_can_teach(
    bundle: Bundle, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--label", "ball", "--images", data / "val" / "frames", "--out", tmp_path / "more")
    assert typed("extend", "--bundle", bundle.folder, *words) == 1
    assert "run fit --multi-label again" in capsys.readouterr().err


def test_a_frozen_backbone_is_probed_for_each_label_then_tuned(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pretrained = ("--backbone", SMALL, "--weights", small_weights(tmp_path), "--views", "1")
    tuned = ("--epochs", "1", "--mixup", "0.5", "--cutmix", "0.5", "--ema", "0.5", "--balanced")
    assert fit(data, tmp_path / "yard", *pretrained, *tuned, "--optimiser", "sgd") == 0
    said = capsys.readouterr().err
    assert "probe: val loss" in said
    assert "epoch 1/1: " in said
    assert not (tmp_path / "yard" / "report" / "memory").exists()


def test_a_pupil_of_several_labels_resumes_where_it_was_interrupted(
    data: Path, bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--epochs", "2", "--mixup", "0.5", "--balanced", "--teacher", bundle.folder)
    assert fit(data, tmp_path / "whole", *words) == 0
    assert "teacher yard: val accuracy 0." in capsys.readouterr().err
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Keeper, "_after_step", killed_after(14))
        assert fit(data, tmp_path / "yard", *words) == 130
    assert fit(data, tmp_path / "yard", *words, "--resume") == 0
    assert "resumed in epoch 2, after step 14" in capsys.readouterr().err
    assert learned(tmp_path / "yard") == learned(tmp_path / "whole")


def test_the_service_says_all_that_a_frame_shows(embedded_world: World, bundle: Bundle) -> None:
    """Each label has its own probability: two may be likely, and all of them unlikely."""
    chance = np.random.default_rng(11)
    wanted = [("vehicle", "pedestrian"), (), LABELS, ("parcel",)] * 6
    frames = [cv2.imencode(".jpg", draw(labels, chance))[1].tobytes() for labels in wanted]
    world = replace(embedded_world, bundle=bundle.folder)
    with serving(world.settings):
        sent = world.send([Sent(frame, partition=0) for frame in frames])
        results = {one.frame.offset: one for one in world.results(len(frames))}
    said = [results[place.offset] for place in sent]
    right = [
        {label for label, likely in one.scores.items() if likely >= 0.5} == set(labels)
        for one, labels in zip(said, wanted, strict=True)
    ]
    assert sum(right) >= 0.6 * len(right)
    assert all(one.confidence == max(one.scores.values()) for one in said)
    spec, limits = bundle.manifest.input, Limits()
    pixels = np.stack([frame_to_pixels(frame, spec, limits) for frame in frames])
    expected = open_reference(bundle.model, threads=1).probabilities(pixels)
    found = [[one.scores[label] for label in LABELS] for one in said]
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_folders_are_learned_with_a_warning_where_annotations_say_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = np.random.default_rng(4)
    for split in ("train", "val"):
        for label in LABELS[:2]:
            for number in range(4):
                path = tmp_path / "data" / split / label / f"{number}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), draw(LABELS[:2], chance))
                write_annotation(path, Annotation(LABELS[:2]))
    words = ("--data", tmp_path / "data", "--out", tmp_path / "yard", "--epochs", "1")
    assert typed("fit", *words, "--size", "32", "--batch", "4", "--no-pictures") == 0
    assert "16 of 16 pictures have annotations of several labels" in capsys.readouterr().err
