"""`yardlight-train ingest`: what people have, into a data set that leaks nothing."""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from deploy.bundle.annotation import read_annotation
from deploy.bundle.command import run_command_line
from deploy.bundle.golden import encode_frame
from tests.pictures import drawn, write_picture
from trainer.cli import app
from trainer.collection.folder import read_data_set
from trainer.collection.splits import read_splits
from trainer.data.annotated import read_annotated
from trainer.data.layout import read_layout, read_split


def ingest(out: Path, *words: str | Path) -> int:
    return run_command_line(app, ["ingest", *map(str, words), "--out", str(out)])


def labels_of(out: Path) -> list[str | None]:
    return sorted((entry.label for entry in read_data_set(out).entries), key=str)


def sources_of(out: Path) -> dict[str, str]:
    """Source of each picture → its path in the data set."""
    data = read_data_set(out)
    known = {entry.path: read_annotation(data.place(entry)) for entry in data.entries}
    return {found.source: path for path, found in known.items() if found is not None}


def photos(root: Path, each: int = 5) -> Path:
    for number, label in enumerate(("cat", "dog")):
        for seed in range(each):
            write_picture(root / label / f"{seed}.jpg", 100 * number + seed)
    return root


def read(path: Path) -> NDArray[np.uint8]:
    picture: NDArray[np.uint8] | None = cv2.imread(str(path))
    assert picture is not None
    return picture


def video(path: Path, scenes: int = 3, frames_each: int = 20, rate: float = 10.0) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (160, 120))
    for scene in range(scenes):
        for _ in range(frames_each):
            writer.write(drawn(1000 + scene)[..., ::-1])
    writer.release()
    return path


def test_label_folders_become_a_data_set_that_fit_reads(tmp_path: Path) -> None:
    assert ingest(tmp_path / "out", photos(tmp_path / "in")) == 0
    assert read_layout(tmp_path / "out").labels == ("cat", "dog")
    for split, each in (("train", 4), ("val", 1)):
        files = read_split(tmp_path / "out" / split).files
        assert [len(found) for found in files.values()] == [each, each]
    assert len(sources_of(tmp_path / "out")) == 10
    assert len(read_splits(tmp_path / "out")) == 10


def test_no_near_duplicate_crosses_the_split(tmp_path: Path) -> None:
    photos(tmp_path / "in", each=8)
    for path in sorted((tmp_path / "in").rglob("*.jpg")):
        picture = read(path)
        copies = {"flipped": picture[:, ::-1], "small": cv2.resize(picture, (80, 60))}
        for name, copy in copies.items():
            cv2.imwrite(str(path.with_name(f"{path.stem}-{name}.jpg")), copy)
    assert ingest(tmp_path / "out", tmp_path / "in", "--val", "0.4") == 0
    splits = defaultdict(set)
    for source, place in sources_of(tmp_path / "out").items():
        splits[source.split(".")[0].split("-")[0]].add(place.split("/")[0])
    assert len(splits) == 16
    assert all(len(found) == 1 for found in splits.values())
    assert set.union(*splits.values()) == {"train", "val"}


def test_a_picture_is_taken_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos(tmp_path / "in")
    assert ingest(tmp_path / "out", tmp_path / "in") == 0
    before = sorted(path.name for path in (tmp_path / "out").rglob("*"))
    assert ingest(tmp_path / "out", tmp_path / "in") == 0
    assert "0 new pictures, 10 known already" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == before


def test_what_comes_later_joins_the_split_of_what_it_resembles(tmp_path: Path) -> None:
    assert ingest(tmp_path / "out", photos(tmp_path / "in"), "--val", "0.4") == 0
    for path in sorted((tmp_path / "in").rglob("*.jpg")):
        copy = tmp_path / "copies" / path.parent.name / f"copy-{path.name}"
        copy.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(copy), read(path)[:, ::-1])
    assert ingest(tmp_path / "out", tmp_path / "copies") == 0
    found = sources_of(tmp_path / "out")
    assert len(found) == 20
    for source, place in found.items():
        if "copy-" in source:
            assert found[source.replace("copy-", "")].split("/")[0] == place.split("/")[0]


def test_a_split_that_the_source_has_is_kept(tmp_path: Path) -> None:
    photos(tmp_path / "in" / "train")
    write_picture(tmp_path / "in" / "val" / "cat" / "v.jpg", 999)
    assert ingest(tmp_path / "out", tmp_path / "in") == 0
    counts = [entry.split for entry in read_data_set(tmp_path / "out").entries]
    assert (counts.count("train"), counts.count("val")) == (10, 1)


def test_a_video_gives_a_frame_every_so_often_and_neighbours_stay_together(tmp_path: Path) -> None:
    video(tmp_path / "gate-1.avi")
    words = ("--label", "cat", "--every", "1")
    assert ingest(tmp_path / "out", tmp_path / "gate-1.avi", *words) == 0
    found = sources_of(tmp_path / "out")
    assert sorted(found) == [f"gate-1.avi@{second}.00s" for second in (0, 2, 4)]  # others repeat
    assert {path.split("/")[0] for path in found.values()} == {"train"}
    known = read_annotation(tmp_path / "out" / found["gate-1.avi@0.00s"])
    assert known is not None
    assert known.camera == "gate-1"


def test_a_video_gives_a_frame_for_each_scene(tmp_path: Path) -> None:
    video(tmp_path / "yard.avi", scenes=4)
    assert ingest(tmp_path / "out", tmp_path / "yard.avi", "--scene-change") == 0
    assert labels_of(tmp_path / "out") == [None] * 4


def test_coco_boxes_become_crops_that_stay_with_their_picture(tmp_path: Path) -> None:
    assert ingest(tmp_path / "out", coco(tmp_path)) == 0
    assert labels_of(tmp_path / "out") == ["cat", "dog"]
    splits = {path.split("/")[0] for path in sources_of(tmp_path / "out").values()}
    assert len(splits) == 1


def test_coco_boxes_become_labels_the_largest_first(tmp_path: Path) -> None:
    assert ingest(tmp_path / "out", coco(tmp_path), "--boxes", "labels") == 0
    (path,) = sources_of(tmp_path / "out").values()
    known = read_annotation(tmp_path / "out" / path)
    assert known is not None
    assert known.labels == ("dog", "cat")
    assert [(box.label, box.left, box.width) for box in known.boxes] == [
        ("cat", 10, 40),
        ("dog", 100, 60),
    ]


def test_a_picture_that_was_looked_through_and_shows_nothing_is_kept_as_that(
    tmp_path: Path,
) -> None:
    """It comes from there again as what it was, and `fit --multi-label` learns from it."""
    write_picture(tmp_path / "images" / "empty.jpg", 8)
    words = ("--boxes", "labels", "--val", "0")
    assert ingest(tmp_path / "out", coco(tmp_path, more=["empty.jpg"]), *words) == 0
    assert ingest(tmp_path / "out", coco(tmp_path, more=["empty.jpg"]), *words) == 0
    assert ingest(tmp_path / "again", tmp_path / "out") == 0
    for place in ("out", "again"):
        assert labels_of(tmp_path / place) == ["dog", "nothing"]
        found = read_annotated(tmp_path / place / "train")
        assert [shows for _, shows in found.found] == [("dog", "cat"), ()]


@pytest.mark.parametrize(("text", "label"), [("", "nothing"), ("x\n", None), (None, None)])
def test_only_an_empty_text_says_that_there_is_nothing(
    tmp_path: Path, text: str | None, label: str | None
) -> None:
    root = tmp_path / "yolo"
    write_picture(root / "images" / "a.jpg", 1)
    (root / "labels").mkdir()
    (root / "classes.txt").write_text("cat\n", encoding="utf-8")
    if text is not None:
        (root / "labels" / "a.txt").write_text(text, encoding="utf-8")
    assert ingest(tmp_path / "out", root, "--boxes", "labels", "--layout", "yolo") == 0
    assert labels_of(tmp_path / "out") == [label]


def test_a_coco_file_that_names_missing_pictures_is_taken_without_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["missing.jpg", "../secret.jpg", "x" * 300 + ".jpg", "nul\0.jpg"]
    write_picture(tmp_path / "secret.jpg", 7)
    assert ingest(tmp_path / "out", coco(tmp_path / "coco", more=names)) == 0
    assert "4 named pictures that are not there" in capsys.readouterr().out
    assert labels_of(tmp_path / "out") == ["cat", "dog"]


def test_boxes_outside_the_picture_are_left_out_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = [[500, 500, 20, 20], [-90, 0, 80, 50], [0, 0, 0, 0], [10, 10, -5, 20]]
    assert ingest(tmp_path / "out", coco(tmp_path, boxes=wrong)) == 0
    assert "4 boxes outside the picture" in capsys.readouterr().out
    assert labels_of(tmp_path / "out") == ["cat", "dog"]


def test_yolo_boxes_are_shares_of_the_picture(tmp_path: Path) -> None:
    root = tmp_path / "yolo"
    write_picture(root / "images" / "train" / "a.jpg", 1)
    (root / "labels" / "train").mkdir(parents=True)
    (root / "labels" / "train" / "a.txt").write_text("1 0.5 0.5 0.25 0.5\n9 0 0 1 1\nx\n", "utf-8")
    (root / "data.yaml").write_text("nc: 2\nnames:\n  0: cat\n  1: 'dog'\n", encoding="utf-8")
    assert ingest(tmp_path / "out", root, "--boxes", "labels") == 0
    (path,) = sources_of(tmp_path / "out").values()
    known = read_annotation(tmp_path / "out" / path)
    assert known is not None
    assert [(box.label, box.left, box.top, box.width, box.height) for box in known.boxes] == [
        ("dog", 60, 30, 40, 60)
    ]


def test_imagenet_loc_annotations_are_read_as_they_are(tmp_path: Path) -> None:
    root = imagenet(tmp_path)
    (root / "Annotations/train/n01/a.xml").write_text(voc("n01", 10, 10, 90, 90), "utf-8")
    assert ingest(tmp_path / "out", root, "--boxes", "labels") == 0
    assert labels_of(tmp_path / "out") == ["cat", "dog"]
    known = read_annotation(tmp_path / "out" / sources_of(tmp_path / "out")["Data/train/n01/a.jpg"])
    assert known is not None
    assert known.boxes[0].width == 80


def test_two_annotations_that_disagree_wait_for_a_person(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = imagenet(tmp_path)
    (root / "Annotations/train/n01/b.xml").write_text(voc("n01", 10, 10, 90, 90), "utf-8")
    assert ingest(tmp_path / "out", root) == 0
    assert "annotations that disagree" in capsys.readouterr().out
    assert labels_of(tmp_path / "out") == [None, "cat"]
    (path,) = (path for path in sources_of(tmp_path / "out").values() if "unlabelled" in path)
    known = read_annotation(tmp_path / "out" / path)
    assert known is not None
    assert known.disagree == ("cat", "dog")


def test_the_same_picture_under_two_labels_waits_for_a_person(tmp_path: Path) -> None:
    write_picture(tmp_path / "in" / "cat" / "a.jpg", 1)
    write_picture(tmp_path / "in" / "dog" / "b.jpg", 1)
    assert ingest(tmp_path / "out", tmp_path / "in") == 0
    assert labels_of(tmp_path / "out") == [None]


def test_an_xml_bomb_is_no_annotation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + voc("&b;", 0, 0, 9, 9)
    root = imagenet(tmp_path)
    (root / "Annotations/train/n01/a.xml").write_text(bomb, "utf-8")
    assert ingest(tmp_path / "out", root) == 0
    assert "XML that is no annotation, or declares entities" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["a'b\"c.jpg", "😀 & <b>.jpg", "x" * 250 + ".jpg", "-rf.jpg"])
def test_any_name_is_taken_and_becomes_a_plain_one(tmp_path: Path, name: str) -> None:
    write_picture(tmp_path / "in" / "cat" / name, 1)
    assert ingest(tmp_path / "out", tmp_path / "in") == 0
    ((source, path),) = sources_of(tmp_path / "out").items()
    assert source == f"cat/{name}"
    plain = path.rpartition("/")[2]
    assert plain.isascii()
    assert len(plain) < 80


def test_pictures_that_cannot_be_read_are_counted_and_left_where_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos(tmp_path / "in")
    whole = (tmp_path / "in" / "cat" / "0.jpg").read_bytes()
    (tmp_path / "in" / "cat" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "in" / "cat" / "text.jpg").write_text("no picture", "utf-8")
    assert ingest(tmp_path / "out", tmp_path / "in") == 0
    said = capsys.readouterr().out
    assert "1 cannot be read (truncated), such as cat/cut.jpg" in said
    assert "1 cannot be read (not-an-image), such as cat/text.jpg" in said


def test_links_out_of_the_folder_are_not_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos(tmp_path / "in")
    secret = write_picture(tmp_path / "secret" / "s.jpg", 999)
    (tmp_path / "in" / "cat" / "link.jpg").symlink_to(secret)
    assert ingest(tmp_path / "out", tmp_path / "in") == 0
    assert "1 links out of the folder, such as link.jpg" in capsys.readouterr().out
    assert len(read_data_set(tmp_path / "out").entries) == 10


def test_an_empty_folder_is_refused_and_nothing_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    assert ingest(tmp_path / "out", tmp_path / "in") == 1
    assert "not one picture to take" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_video_without_frames_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    assert ingest(tmp_path / "out", tmp_path / "empty.mp4") == 1
    assert "empty.mp4" in capsys.readouterr().err


def coco(root: Path, more: list[str] | None = None, boxes: Sequence[Sequence[float]] = ()) -> Path:
    write_picture(root / "images" / "a.jpg", 1)
    names = ["a.jpg", *(more or [])]
    places = [([10, 20, 40, 50], 1), ([100, 10, 90, 100], 2), *((box, 1) for box in boxes)]
    document = {
        "images": [{"id": number, "file_name": name} for number, name in enumerate(names)],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": [{"image_id": 0, "category_id": kind, "bbox": box} for box, kind in places],
    }
    path = root / "instances.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def imagenet(tmp_path: Path) -> Path:
    """Picture `a` without annotation, `b` a dog by the CSV."""
    root = tmp_path / "imagenet"
    for number, name in enumerate("ab"):
        write_picture(root / "Data/train/n01" / f"{name}.jpg", number)
    (root / "Annotations/train/n01").mkdir(parents=True)
    (root / "LOC_synset_mapping.txt").write_text("n01 cat, house cat\nn02 dog\n", "utf-8")
    rows = "ImageId,PredictionString\nb,n02 10 10 100 100 \n"
    (root / "LOC_train_solution.csv").write_text(rows, encoding="utf-8")
    return root


def voc(name: str, left: int, top: int, right: int, bottom: int) -> str:
    return (
        f"<annotation><object><name>{name}</name><bndbox><xmin>{left}</xmin><ymin>{top}</ymin>"
        f"<xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object></annotation>"
    )


def test_a_read_only_place_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos(tmp_path / "in")
    (tmp_path / "file").write_bytes(encode_frame(drawn(1)))
    assert ingest(tmp_path / "file" / "out", tmp_path / "in") == 1
    assert capsys.readouterr().err.count("\n") == 1
