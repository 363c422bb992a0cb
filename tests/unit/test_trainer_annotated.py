"""What `fit --multi-label` takes a picture to show, and which data sets it refuses."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.bundle.annotation import Annotation, BadAnnotation, annotation_of, write_annotation
from trainer.data.annotated import read_annotated, read_annotated_layout, unread_labels
from trainer.data.layout import Layout, read_layout
from trainer.errors import DataError

SEVERAL = {
    "cat/a": ("cat",),
    "cat/b": ("cat", "dog"),
    "dog/c": None,
    "rest/d": (),
}
"""Picture → labels of its annotation, None where it has none."""


def data_set(root: Path, train: Mapping[str, tuple[str, ...] | None] | None = None) -> Path:
    for split, pictures in (("train", train or SEVERAL), ("val", SEVERAL)):
        for name, labels in pictures.items():
            path = root / split / f"{name}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            if labels is not None:
                write_annotation(path, Annotation(labels))
    return root


def read(root: Path, order: tuple[str, ...] = (), nothing: str = "nothing") -> Layout:
    return read_annotated_layout(root, order, nothing)


def refusal(root: Path, order: tuple[str, ...] = (), nothing: str = "nothing") -> str:
    with pytest.raises(DataError) as caught:
        read(root, order, nothing)
    return str(caught.value)


def shown(layout: Layout) -> dict[str, tuple[str, ...]]:
    return {path.stem: labels for path, labels in layout.train.pictures(layout.labels)}


def test_a_picture_shows_what_its_annotation_says_else_its_folder(tmp_path: Path) -> None:
    layout = read(data_set(tmp_path))
    assert layout.labels == ("cat", "dog")
    assert shown(layout) == {"a": ("cat",), "b": ("cat", "dog"), "c": ("dog",), "d": ()}
    said = "\n".join(layout.notes)
    assert f"{tmp_path / 'train'}: 1 pictures show several labels, 1 show none" in said
    assert f"1 pictures of {tmp_path / 'train'} have no annotation" in said
    assert "warning" not in said


def test_a_label_may_say_that_there_is_nothing(tmp_path: Path) -> None:
    several = {**SEVERAL, "empty/e": None, "empty/f": ("empty",)}
    layout = read(data_set(tmp_path, several), nothing="empty")
    assert layout.labels == ("cat", "dog")
    assert shown(layout)["e"] == shown(layout)["f"] == ()


def test_labels_have_the_order_that_is_asked_for(tmp_path: Path) -> None:
    assert read(data_set(tmp_path), ("dog", "cat")).labels == ("dog", "cat")


def test_labels_that_nobody_listed_are_named_with_their_pictures(tmp_path: Path) -> None:
    said = refusal(data_set(tmp_path), ("cat",))
    assert said.startswith("labels that --labels does not list")
    assert f"{tmp_path / 'train' / 'cat' / 'b.jpg'}: dog" in said
    assert "a.jpg" not in said


@pytest.mark.parametrize("order", [(), ("cat", "dog", "owl")])
def test_a_label_that_a_split_does_not_show_is_refused(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    without = {"cat/a": ("cat",), "rest/d": ()}
    said = refusal(data_set(tmp_path, without), order)
    assert said.startswith(f"{tmp_path / 'train'} has no picture that shows dog")


def test_a_label_that_every_picture_shows_cannot_be_learned(tmp_path: Path) -> None:
    everywhere = {"cat/a": ("cat",), "cat/b": ("cat", "dog")}
    assert f"every picture of {tmp_path / 'train'} shows cat" in refusal(
        data_set(tmp_path, everywhere)
    )


def test_a_label_that_every_picture_of_val_shows_cannot_be_calibrated(tmp_path: Path) -> None:
    """Whatever is said with any confidence would fit, so it would be said of every frame."""
    root = data_set(tmp_path)
    for path in (tmp_path / "val").rglob("*.jpg"):
        write_annotation(path, Annotation(("cat", "dog"), "person"))
    assert f"every picture of {tmp_path / 'val'} shows cat, dog" in refusal(root)


@pytest.mark.parametrize("label", ["", "two\nlines", "\0"])
def test_a_label_that_no_bundle_can_have_is_refused_before_anything_is_learned(
    tmp_path: Path, label: str
) -> None:
    said = refusal(data_set(tmp_path, {**SEVERAL, "rest/x": (label,)}))
    assert said.startswith(f"{tmp_path} has labels that a bundle cannot have: {label!r};")


def test_labels_are_listed_once(tmp_path: Path) -> None:
    said = refusal(data_set(tmp_path), ("cat", "dog", "cat"))
    assert said == "--labels lists cat more than once"


def test_no_label_and_a_label_contradict_each_other(tmp_path: Path) -> None:
    both = {**SEVERAL, "rest/x": ("empty", "dog")}
    said = refusal(data_set(tmp_path, both), nothing="empty")
    assert said.startswith("annotations that have empty, which says that there is no label")
    assert f"{tmp_path / 'train' / 'rest' / 'x.jpg'}: empty, dog" in said


def test_labels_that_were_typed_in_two_ways_are_said(tmp_path: Path) -> None:
    typed = {**SEVERAL, "rest/x": (" Cat ",), "rest/y": ("🚗 van",)}
    data_set(tmp_path, typed)
    for number, label in enumerate((" Cat ", "🚗 van")):
        path = tmp_path / "val" / "rest" / f"typed-{number}.jpg"
        path.write_bytes(b"")
        write_annotation(path, Annotation((label,), "person"))
    assert (
        "warning: labels that differ only in capitals or spaces: ' Cat ', 'cat'"
        in read(tmp_path).notes
    )


def test_an_annotation_that_contradicts_its_folder_is_refused(tmp_path: Path) -> None:
    """A person moved the picture, or the annotation: neither is believed."""
    moved = {**SEVERAL, "cat/x": ("dog",), "cat/y": ()}
    said = refusal(data_set(tmp_path, moved))
    assert "annotations that do not have the label whose folder they lie in" in said
    assert f"{tmp_path / 'train' / 'cat' / 'x.jpg'}: dog" in said
    assert f"{tmp_path / 'train' / 'cat' / 'y.jpg'}: no label" in said


def test_labels_in_contradiction_wait_for_a_person(tmp_path: Path) -> None:
    picture = data_set(tmp_path) / "train" / "rest" / "d.jpg"
    write_annotation(picture, Annotation((), disagree=("cat", "dog")))
    assert f"{picture}: cat, dog" in refusal(tmp_path)


def test_a_file_that_is_no_annotation_is_named(tmp_path: Path) -> None:
    picture = data_set(tmp_path) / "train" / "rest" / "d.jpg"
    annotation_of(picture).write_text('{"labels": "cat"}')
    with pytest.raises(BadAnnotation, match=r"d\.jpg\.json is no annotation"):
        read(tmp_path)


def test_labels_that_exclude_each_other_are_learned_better_otherwise(tmp_path: Path) -> None:
    for split in ("train", "val"):
        for label in ("cat", "dog"):
            (tmp_path / split / label).mkdir(parents=True)
            (tmp_path / split / label / "a.jpg").touch()
    assert "every picture shows exactly one label" in read(tmp_path).notes[-1]


def test_who_reads_folders_is_told_what_annotations_say_beyond_them(tmp_path: Path) -> None:
    layout = read_layout(data_set(tmp_path))
    (said,) = unread_labels(layout)
    assert "2 of 8 pictures have annotations of several labels" in said
    assert "--multi-label" in said


def test_a_split_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_annotated(tmp_path / "train")
    with pytest.raises(DataError, match="has no pictures"):
        read_annotated(tmp_path)


def test_what_a_bundle_does_not_know_cannot_be_measured(tmp_path: Path) -> None:
    split = read_annotated(data_set(tmp_path) / "val")
    with pytest.raises(DataError, match=r"(?s)labels that yard does not know.*b\.jpg: dog"):
        split.of(("cat", "owl"), "yard does not know")
