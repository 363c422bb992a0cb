"""`yardlight-train check` where annotations name several labels for a picture, or none."""

import json
import shutil
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cleanlab", reason="needs the extra 'data'")
pytest.importorskip("cleanvision", reason="needs the extra 'data'")

from deploy.bundle.annotation import Annotation, annotation_of, write_annotation
from deploy.bundle.command import run_command_line
from deploy.bundle.golden import encode_frame
from deploy.bundle.manifest import InputSpec
from tests.unit import checking
from trainer.cli import app
from trainer.data.annotated import read_annotated_layout
from trainer.data.digest import data_digest
from trainer.data.pictures import read_pictures

pytestmark = pytest.mark.slow
_COLOURS = {"red": 0, "blue": 2}
_EACH = 12


def write_frame(place: Path, seed: int, labels: tuple[str, ...]) -> Path:
    """Grey noise, with a patch of colour somewhere for each label."""
    chance = np.random.default_rng(seed)
    canvas = chance.integers(60, 110, (96, 96, 3), np.uint8)
    for half, (label, channel) in enumerate(_COLOURS.items()):
        if label in labels:
            top, left = chance.integers(0, 40), 48 * half + chance.integers(0, 12)
            canvas[top : top + 50, left : left + 34, channel] += 140
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(encode_frame(canvas))
    return place


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Frames with red, blue, both and neither, each with its annotation, as `ingest` lays them."""
    root = tmp_path / "data"
    for seed in range(_EACH):
        for number, there in enumerate(product((False, True), repeat=2)):
            labels = tuple(
                label for label, is_there in zip(_COLOURS, there, strict=True) if is_there
            )
            folder = root / "train" / (labels[0] if labels else "nothing")
            frame = write_frame(folder / f"{number}-{seed}.jpg", 100 * number + seed, labels)
            write_annotation(frame, Annotation(labels, "annotation"))
    return root


def check(data: Path, *words: str) -> Any:
    assert checking.check(data, *words) == 0
    return checking.report(data)


def wrong(report: Any) -> dict[str, str]:
    return {one["path"]: one["says"] for one in report["findings"] if one["kind"] == "wrong-label"}


def test_right_pictures_of_several_labels_are_not_called_wrong_and_stay(data: Path) -> None:
    before = sorted(path.name for path in data.rglob("*.jpg"))
    report = check(data, "--apply", "--confirm", "wrong-label")
    assert wrong(report) == {}
    assert sorted(path.name for path in data.rglob("*.jpg")) == before
    assert not (data / "aside").exists()
    assert report["notes"][0].startswith("Annotations name several labels")


def test_a_label_that_is_missing_and_one_that_is_too_many_are_found(data: Path) -> None:
    both, neither = data / "train/red/3-0.jpg", data / "train/nothing/0-0.jpg"
    write_annotation(both, Annotation(("red",), "annotation"))
    write_annotation(neither, Annotation(("blue",), "annotation"))
    report = check(data)
    said = wrong(report)
    changed = {"train/red/3-0.jpg", "train/nothing/0-0.jpg"}
    assert changed <= said.keys()
    assert said["train/red/3-0.jpg"].startswith("said not to show blue, looks as if it did (")
    assert said["train/nothing/0-0.jpg"].startswith("said to show blue, looks as if it did not (")
    suggested = {one["path"]: one["suggests"] for one in report["findings"] if one["suggests"]}
    assert suggested["train/red/3-0.jpg"] == "blue"
    assert "train/nothing/0-0.jpg" not in suggested
    assert {one["path"] for one in report["ranking"][:2]} == changed
    assert len(report["ranking"]) == 4 * _EACH


def test_each_label_of_a_picture_is_counted(data: Path) -> None:
    counts = check(data)["counts"]
    assert counts == {"train": {"blue": 2 * _EACH, "nothing": _EACH, "red": 2 * _EACH}}


def test_the_digest_is_the_one_that_fit_names(data: Path) -> None:
    for path in data.glob("train/nothing/0-1*.jpg"):
        write_annotation(path, Annotation(("empty",), "person"))
    shutil.copytree(data / "train", data / "val")
    spec = InputSpec(32, 32)
    layout = read_annotated_layout(data, ("red", "blue"), "empty")
    read = [
        read_pictures(split, layout.labels, spec, 1, lambda _, every, __: iter(every))
        for split in (layout.train, layout.val)
    ]
    report = check(data, "--nothing", "empty")
    assert report["digest"] == data_digest(data, *read)
    assert report["counts"]["val"] == {"blue": 2 * _EACH, "nothing": _EACH, "red": 2 * _EACH}


def test_a_label_more_is_a_difference(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(data)
    before = data.parent / "data-check" / "check.json"
    assert run_command_line(app, ["diff", str(before), str(data)]) == 0
    write_annotation(data / "train/red/2-0.jpg", Annotation(("red", "blue"), "person"))
    capsys.readouterr()
    assert run_command_line(app, ["diff", str(before), str(data), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["relabelled"] == [["train/red/2-0.jpg", "train/red/2-0.jpg"]]
    assert found["unchanged"] == 4 * _EACH - 1
    assert found["before"] == json.loads(before.read_bytes())["digest"] != found["after"]


def test_the_same_bytes_with_other_labels_are_a_disagreement_and_stay(data: Path) -> None:
    first, again = data / "train/red/3-1.jpg", data / "train/red/again.jpg"
    shutil.copy(first, again)
    write_annotation(again, Annotation(("red",), "person"))
    report = check(data, "--apply")
    found = {one["path"]: one for one in report["findings"] if one["kind"] == "disagreement"}
    assert found["train/red/again.jpg"]["says"] == (
        "labelled red, and blue, red as train/red/3-1.jpg"
    )
    assert again.exists()


def test_an_annotation_that_cannot_be_read_is_named_and_its_picture_not_judged(data: Path) -> None:
    annotation_of(data / "train/red/3-2.jpg").write_text("{", encoding="utf-8")
    report = check(data)
    assert "3-2.jpg.json is no annotation" in report["notes"][1]
    assert "train/red/3-2.jpg" not in {one["path"] for one in report["ranking"]}


def test_a_label_that_few_pictures_show_is_said_and_the_others_are_judged(
    data: Path,
) -> None:
    frame = write_frame(data / "train/van/one.jpg", 999, ("red",))
    write_annotation(frame, Annotation(("van", "red"), "person"))
    report = check(data)
    assert any(note.startswith("Not judged: van. ") for note in report["notes"])
    assert len(report["ranking"]) == 4 * _EACH + 1


def test_frames_without_any_label_are_looked_at_and_not_judged(tmp_path: Path) -> None:
    for seed in range(3):
        frame = write_frame(tmp_path / "data/train/quiet" / f"{seed}.jpg", seed, ())
        write_annotation(frame, Annotation((), "person"))
    report = check(tmp_path / "data")
    assert (report["ranking"], wrong(report)) == ([], {})
    assert report["counts"] == {"train": {"nothing": 3}}


def test_pictures_that_were_moved_by_hand_are_judged_by_their_folder(data: Path) -> None:
    for path in (*data.glob("train/*/3-*.jpg"), *data.glob("train/nothing/*.jpg")):
        path.unlink()
        annotation_of(path).unlink()
    moved = data / "train/red/moved.jpg"
    shutil.move(data / "train/blue/1-0.jpg", moved)
    shutil.move(data / "train/blue/1-0.jpg.json", annotation_of(moved))
    report = check(data)
    assert wrong(report)["train/red/moved.jpg"].startswith("labelled red, looks like blue (")
