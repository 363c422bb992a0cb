"""A data set on disk: what is a picture of it, what is known of it, and what changed in it."""

import json
from pathlib import Path

import pytest

from deploy.bundle.annotation import (
    Annotation,
    BadAnnotation,
    Box,
    annotation_of,
    read_annotation,
    write_annotation,
)
from deploy.bundle.command import run_command_line
from trainer.cli import app
from trainer.collection.folder import read_data_set
from trainer.collection.splits import Member, read_splits, write_splits
from trainer.errors import DataError


def typed(*words: str | Path) -> int:
    return run_command_line(app, [str(word) for word in words])


def data_set(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path, encoding="utf-8")
    return root


def paths_of(root: Path) -> list[str]:
    return [entry.path for entry in read_data_set(root).entries]


def test_a_picture_is_told_by_its_place(tmp_path: Path) -> None:
    data_set(tmp_path, "train/cat/a.jpg", "val/dog/b.png", "unlabelled/val/c.webp")
    found = {entry.path: (entry.split, entry.label) for entry in read_data_set(tmp_path).entries}
    assert found == {
        "train/cat/a.jpg": ("train", "cat"),
        "val/dog/b.png": ("val", "dog"),
        "unlabelled/val/c.webp": ("val", None),
    }


def test_what_was_put_aside_is_not_of_the_data_set(tmp_path: Path) -> None:
    data_set(tmp_path, "train/cat/a.jpg", "train/cat/a.jpg.json", "aside/train/cat/b.jpg")
    assert paths_of(tmp_path) == ["train/cat/a.jpg"]


def test_label_folders_without_splits_are_read_too(tmp_path: Path) -> None:
    data_set(tmp_path, "cat/a.jpg", "dog/b.jpg", "aside/cat/c.jpg")
    assert paths_of(tmp_path) == ["cat/a.jpg", "dog/b.jpg"]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = data_set(tmp_path / "outside", "secret.jpg")
    root = data_set(tmp_path / "data", "train/cat/a.jpg")
    (root / "train/cat/link.jpg").symlink_to(outside / "secret.jpg")
    (root / "train/cat/nowhere.jpg").symlink_to(outside / "none.jpg")
    (root / "train/dog").symlink_to(outside, target_is_directory=True)
    assert paths_of(root) == ["train/cat/a.jpg"]


def test_a_folder_without_pictures_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no pictures"):
        read_data_set(tmp_path)


def test_an_annotation_comes_back_as_it_was_written(tmp_path: Path) -> None:
    written = Annotation(
        ("cat", "dog"), "person", "yard 🎥 'left'.mp4", boxes=(Box("cat", 1, 2, 3.5, 4),)
    )
    write_annotation(tmp_path / "a.jpg", written)
    assert read_annotation(tmp_path / "a.jpg") == written
    document = json.loads(annotation_of(tmp_path / "a.jpg").read_text(encoding="utf-8"))
    assert document["schema"] == "yardlight.annotation/1"
    assert read_annotation(tmp_path / "b.jpg") is None


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "other/1"}', "[" * 100_000])
def test_what_is_no_annotation_is_named(tmp_path: Path, text: str) -> None:
    annotation_of(tmp_path / "a.jpg").write_text(text, encoding="utf-8")
    with pytest.raises(BadAnnotation, match=r"a\.jpg\.json is no annotation"):
        read_annotation(tmp_path / "a.jpg")


def test_splits_come_back_as_they_were_written(tmp_path: Path) -> None:
    members = {"a.jpg": Member("train", "1"), "b.jpg": Member("val", "2")}
    write_splits(tmp_path, members)
    assert read_splits(tmp_path) == members
    assert read_splits(tmp_path / "none") == {}


def test_a_damaged_splits_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "splits.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match=r"splits\.json is no splits file"):
        read_splits(tmp_path)


def test_diff_says_what_was_added_removed_changed_relabelled_and_resplit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = ("stays.jpg", "relabelled.jpg", "resplit.jpg", "gone.jpg", "changed.jpg")
    before = data_set(tmp_path / "before", *(f"train/cat/{path}" for path in paths))
    after = data_set(tmp_path / "after", "train/cat/stays.jpg", "train/cat/new.jpg")
    (after / "train/cat/changed.jpg").write_text("other", encoding="utf-8")
    for was, now in (("relabelled.jpg", "train/dog"), ("resplit.jpg", "val/cat")):
        (after / now).mkdir(parents=True)
        (after / now / was).write_bytes((before / "train/cat" / was).read_bytes())
    assert typed("diff", before, after, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["added"] == ["train/cat/new.jpg"]
    assert found["removed"] == ["train/cat/gone.jpg"]
    assert found["changed"] == ["train/cat/changed.jpg"]
    assert found["relabelled"] == [["train/cat/relabelled.jpg", "train/dog/relabelled.jpg"]]
    assert found["resplit"] == [["train/cat/resplit.jpg", "val/cat/resplit.jpg"]]
    assert found["unchanged"] == 1
    assert found["before"] != found["after"]


def test_a_data_set_does_not_differ_from_its_copy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"train/cat/{name}.jpg" for name in ("a'b\"c", "😀", "x" * 240)]
    one, other = data_set(tmp_path / "one", *names), data_set(tmp_path / "other", *names)
    assert typed("diff", one, other) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "3 unchanged"
    assert said[1] == said[2]
