from pathlib import Path

import pytest

from trainer.data.layout import read_layout, read_split
from trainer.errors import DataError


def data_set(root: Path, train: str = "cat dog", val: str = "cat dog") -> Path:
    for split, labels in (("train", train), ("val", val)):
        for label in labels.split():
            (root / split / label).mkdir(parents=True)
            (root / split / label / "one.jpg").touch()
    return root


def refusal(folder: Path, order: tuple[str, ...] = ()) -> str:
    with pytest.raises(DataError) as caught:
        read_layout(folder, order)
    return str(caught.value)


def test_labels_are_alphabetical_unless_an_order_is_given(tmp_path: Path) -> None:
    folder = data_set(tmp_path, "dog ant cat", "dog ant cat")
    assert read_layout(folder).labels == ("ant", "cat", "dog")
    assert read_layout(folder, ("dog", "ant", "cat")).labels == ("dog", "ant", "cat")


def test_pictures_are_told_by_their_suffix_and_the_rest_is_left_alone(tmp_path: Path) -> None:
    folder = data_set(tmp_path)
    for name in ("b.JPEG", "c.png", "d.WebP", "Thumbs.db", "notes.txt"):
        (folder / "train" / "cat" / name).touch()
    (folder / "train" / ".cache").mkdir()
    files = read_split(folder / "train").files
    assert [path.name for path in files["cat"]] == ["b.JPEG", "c.png", "d.WebP", "one.jpg"]
    assert set(files) == {"cat", "dog"}


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_missing_split_is_named(tmp_path: Path, split: str) -> None:
    folder = data_set(tmp_path)
    (folder / split).rename(folder / "elsewhere")
    assert refusal(folder).startswith(f"{folder / split} does not exist")


def test_labels_that_differ_between_the_splits_are_named(tmp_path: Path) -> None:
    said = refusal(data_set(tmp_path, "cat dog owl", "cat dog emu"))
    assert f"only in {tmp_path / 'train'}: owl" in said
    assert f"only in {tmp_path / 'val'}: emu" in said


def test_a_label_without_pictures_is_named(tmp_path: Path) -> None:
    folder = data_set(tmp_path)
    (folder / "val" / "dog" / "one.jpg").unlink()
    assert refusal(folder).startswith(f"{folder / 'val' / 'dog'} has no pictures")


def test_a_split_without_labels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    assert "has no labels" in refusal(tmp_path)


def test_one_label_is_not_enough_to_classify(tmp_path: Path) -> None:
    assert "at least two" in refusal(data_set(tmp_path, "cat", "cat"))


def test_an_order_that_is_not_the_labels_is_refused(tmp_path: Path) -> None:
    said = refusal(data_set(tmp_path), ("cat", "cow"))
    assert "--labels lists cat, cow" in said
    assert "has cat, dog" in said
