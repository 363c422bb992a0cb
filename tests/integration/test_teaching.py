"""`fit --teacher`: a network learns from a bundle what the labels of its pictures do not say.

The teacher tells colours. The pictures are of one colour each, and whoever labelled them could not
tell red from green: half of either is called so.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

from deploy.bundle.manifest import Bundle, open_bundle
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import check_model, open_reference
from deploy.importing.importer import import_model
from tests.integration.test_fit import SMALL, small_weights, typed
from tests.integration.test_resume import learned
from tests.models import COLOURS, LABELS, SPEC, make_tiny_bundle, write_network
from trainer.keeper import Keeper
from trainer.training import Training

pytestmark = pytest.mark.slow
UNTOLD = LABELS[:2]
"""Red and green."""
QUICK = ("--size", "32", "--batch", "16", "--threads", "1", "--seed", "3", "--no-pictures")
STOP = 7
"""Steps until the run is killed, in its second epoch."""


def noisy(label: str, chance: np.random.Generator) -> Pixels:
    """A picture of about one colour, uint8 [32, 32, 3], RGB."""
    colour = np.array(COLOURS[label]) + chance.normal(0, 12, 3)
    found: Pixels = (colour + chance.normal(0, 25, (32, 32, 3))).clip(0, 255).astype(np.uint8)
    return found


def draw(folder: Path, each: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    for label in LABELS:
        for index in range(each):
            called = UNTOLD[index % 2] if label in UNTOLD else label
            path = folder / called / f"{label}-{index:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), noisy(label, chance)[:, :, ::-1])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    draw(folder / "train", 24, seed=1)
    draw(folder / "val", 6, seed=2)
    return folder


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_tiny_bundle(tmp_path_factory.mktemp("teacher") / "colours")


def fit(data: Path, out: Path, *more: str | Path) -> int:
    return typed("fit", "--data", data, "--out", out, *QUICK, *more)


def agreed(pupil: Path, teacher: Bundle) -> float:
    """The share of new red and green pictures of which both say the same."""
    chance = np.random.default_rng(7)
    pixels = np.stack([noisy(label, chance) for label in UNTOLD * 40])
    models = (open_bundle(pupil).model, teacher.model)
    mine, theirs = (open_reference(model).run(pixels).logits[:, :4] for model in models)
    order = [sorted(LABELS).index(label) for label in LABELS]
    return float((mine[:, order].argmax(1) == theirs.argmax(1)).mean())


@pytest.mark.parametrize("start", ["untrained", "frozen", "tuned"])
def test_a_pupil_knows_from_its_teacher_what_the_labels_do_not_say(
    data: Path, teacher: Bundle, tmp_path: Path, start: str
) -> None:
    file = small_weights(tmp_path)
    pretrained = ("--backbone", SMALL, "--weights", file, "--probe-pull", "0.001")
    words = {
        "untrained": ("--epochs", "8", "--lr", "0.01"),
        "frozen": pretrained,
        "tuned": (*pretrained, "--epochs", "2", "--mixup", "0.5", "--tuned-share", "1"),
    }[start]
    assert fit(data, tmp_path / "alone", *words) == 0
    assert fit(data, tmp_path / "taught", *words, "--teacher", teacher.folder) == 0
    assert agreed(tmp_path / "alone", teacher) < 0.75
    assert agreed(tmp_path / "taught", teacher) > 0.9


def named_otherwise(folder: Path) -> Bundle:
    """The same network in another bundle."""
    write_network(folder / "colours.onnx")
    return import_model(folder / "colours.onnx", replace(SPEC, name="other"), folder / "other")


def killed_after(steps: int) -> Callable[[Keeper, Training], None]:
    def after_step(keeper: Keeper, training: Training) -> None:
        if training.learner.step == steps:
            keeper.keep(training)
            raise KeyboardInterrupt

    return after_step


def test_a_pupil_that_was_interrupted_ends_in_the_same_weights(
    data: Path, teacher: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--epochs", "2", "--mixup", "0.5", "--teacher", teacher.folder)
    assert fit(data, tmp_path / "whole", *words) == 0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Keeper, "_after_step", killed_after(STOP))
        assert fit(data, tmp_path / "yard", *words) == 130
    other = named_otherwise(tmp_path)
    assert fit(data, tmp_path / "yard", *words[:-1], other.folder, "--resume") == 1
    assert f"another run: teacher {teacher.digest} then, sha256:" in capsys.readouterr().err
    assert fit(data, tmp_path / "yard", *words, "--resume") == 0
    assert f"resumed in epoch 2, after step {STOP}" in capsys.readouterr().err
    assert learned(tmp_path / "yard") == learned(tmp_path / "whole")


def test_the_bundle_names_its_teacher_and_holds_nothing_of_it(
    data: Path, teacher: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(data, tmp_path / "alone", "--epochs", "1") == 0
    assert fit(data, tmp_path / "taught", "--epochs", "1", "--teacher", teacher.folder) == 0
    assert "teacher colours: val accuracy 0.7500" in capsys.readouterr().err
    alone, taught = (open_bundle(tmp_path / name) for name in ("alone", "taught"))
    check_model(taught)
    assert taught.manifest.files.keys() == alone.manifest.files.keys()
    assert taught.model.stat().st_size == alone.model.stat().st_size
    origin = {"name": "colours", "version": "1", "digest": teacher.digest}
    assert taught.manifest.provenance["teacher"] == origin
    assert alone.manifest.provenance["teacher"] is None
    assert str(teacher.folder) not in json.dumps(dict(taught.manifest.provenance))
    card = (taught.folder / "report" / "model-card.md").read_text()
    assert f"**taught by**: colours 1 {teacher.digest}" in card


def test_a_teacher_of_other_labels_is_refused_before_a_picture_is_read(
    data: Path, tmp_path: Path, teacher: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    for split in ("train", "val"):
        (tmp_path / "data" / split / "tree").mkdir(parents=True)
        (tmp_path / "data" / split / "tree" / "no-picture.png").touch()
        (tmp_path / "data" / split / "parcel").symlink_to(data / split / "parcel")
    assert fit(tmp_path / "data", tmp_path / "yard", "--teacher", teacher.folder) == 1
    assert "a teacher has the same labels, in any order" in capsys.readouterr().err
