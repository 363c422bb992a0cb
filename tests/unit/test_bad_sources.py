"""`yardlight-train ingest` and `diff` given what people and strangers really have."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.bundle.annotation import Annotation, write_annotation
from deploy.bundle.command import run_command_line
from tests.loudly import skip_loudly
from tests.pictures import write_picture
from trainer.cli import app
from trainer.collection.folder import read_data_set
from trainer.ingest.folder import seconds_of
from trainer.ingest.incoming import incoming


def ingest(out: Path, *words: str | Path) -> int:
    return run_command_line(app, ["ingest", *map(str, words), "--out", str(out)])


def labels_of(out: Path) -> list[str | None]:
    return sorted((entry.label for entry in read_data_set(out).entries), key=str)


def voc(name: str) -> str:
    box = "<xmin>9</xmin><ymin>9</ymin><xmax>99</xmax><ymax>99</ymax>"
    return f"<annotation><object><name>{name}</name><bndbox>{box}</bndbox></object></annotation>"


def yolo(root: Path, classes: str, boxes: str) -> Path:
    write_picture(root / "images/a.jpg", 1)
    (root / "labels").mkdir()
    (root / "labels/a.txt").write_text(boxes, encoding="utf-8")
    (root / "data.yaml").write_text(classes, encoding="utf-8")
    return root


def test_a_coco_number_beyond_all_bounds_is_no_box(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_picture(tmp_path / "a.jpg", 1)
    document = {
        "images": [{"id": 1, "file_name": "a.jpg"}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [
            {"image_id": 1, "category_id": 1, "bbox": box}
            for box in ([10, 10, 50, 50], [0, 0, 10**400, 9], [0, 0, "wide", 9], None)
        ],
    }
    (tmp_path / "coco.json").write_text(json.dumps(document), encoding="utf-8")
    assert ingest(tmp_path / "out", tmp_path / "coco.json") == 0
    assert "3 annotations without a box" in capsys.readouterr().out
    assert labels_of(tmp_path / "out") == ["cat"]


def test_a_yolo_class_with_a_number_beyond_all_bounds_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classes = "names:\n  0: cat\n  99999999999: dog\n"
    root = yolo(tmp_path / "yolo", classes, "0 0.5 0.5 0.5 0.5\n")
    assert ingest(tmp_path / "out", root) == 1
    assert "99999999999" in capsys.readouterr().err


def test_yolo_outlines_become_the_box_around_them(tmp_path: Path) -> None:
    boxes = "1 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n"
    root = yolo(tmp_path / "yolo", "names: [cat, dog]\n", boxes)
    assert ingest(tmp_path / "out", root, "--boxes", "labels") == 0
    (annotation,) = (tmp_path / "out").rglob("*.jpg.json")
    (box,) = json.loads(annotation.read_bytes())["boxes"]
    assert (box["left"], box["top"], box["width"], box["height"]) == (40, 30, 80, 60)


@pytest.mark.parametrize("name", ["labels/a.txt", "data.yaml"])
def test_no_text_is_read_through_a_link_out_of_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    root = yolo(tmp_path / "yolo", "names: [cat]\n", "")
    (tmp_path / "secret").write_text("names: [secret]\nsecret words\n", encoding="utf-8")
    (root / name).unlink()
    (root / name).symlink_to(tmp_path / "secret")
    ingest(tmp_path / "out", root, "--layout", "yolo")
    said = capsys.readouterr()
    assert "secret" not in said.out + said.err


def test_xml_of_the_same_name_in_two_folders_is_not_mixed_up(tmp_path: Path) -> None:
    for number, (split, label) in enumerate((("train", "cat"), ("val", "dog"))):
        write_picture(tmp_path / "voc/images" / split / "1.jpg", number)
        (tmp_path / "voc/annotations" / split).mkdir(parents=True)
        (tmp_path / "voc/annotations" / split / "1.xml").write_text(voc(label), "utf-8")
    assert ingest(tmp_path / "out", tmp_path / "voc") == 0
    found = {(entry.split, entry.label) for entry in read_data_set(tmp_path / "out").entries}
    assert found == {("train", "cat"), ("val", "dog")}


def test_a_folder_above_the_source_is_no_split_of_it(tmp_path: Path) -> None:
    root = tmp_path / "val" / "voc"
    for number in range(6):
        write_picture(root / f"{number}.jpg", number)
        (root / f"{number}.xml").write_text(voc("cat"), encoding="utf-8")
    assert ingest(tmp_path / "out", root) == 0
    assert "train" in {entry.split for entry in read_data_set(tmp_path / "out").entries}


def test_a_csv_that_is_none_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_picture(tmp_path / "in/b.jpg", 1)
    rows = "ImageId,PredictionString\nb," + "9" * 200_000 + "\n"
    (tmp_path / "in/LOC_train_solution.csv").write_text(rows, encoding="utf-8")
    assert ingest(tmp_path / "out", tmp_path / "in") == 1
    assert "LOC_train_solution.csv" in capsys.readouterr().err


def test_a_damaged_video_costs_no_other_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_picture(tmp_path / "in/cat/a.jpg", 1)
    (tmp_path / "in/broken.mp4").write_bytes(b"no video")
    assert ingest(tmp_path / "out", tmp_path / "in") == 0
    assert "videos that cannot be opened, such as broken.mp4" in capsys.readouterr().out
    assert labels_of(tmp_path / "out") == ["cat"]


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"])
def test_a_time_before_or_after_all_times_is_none(tmp_path: Path, time: str) -> None:
    assert seconds_of(time) is None
    picture = write_picture(tmp_path / "in/cat/a.jpg", 1)
    write_annotation(picture, Annotation(("cat",), camera="gate", taken_at=time))
    assert ingest(tmp_path / "out", tmp_path / "in") == 0


def test_a_picture_that_may_not_be_read_is_a_loss_whatever_the_layout(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        skip_loudly(pytestconfig, "Root may read everything: this needs `setpriv`.")
    root = yolo(tmp_path / "yolo", "names: [cat]\n", "0 0.5 0.5 0.5 0.5\n")
    write_picture(root / "images/b.jpg", 2).chmod(0)
    words = [sys.executable, "-m", "trainer.cli", "ingest", str(root), "--out"]
    if os.geteuid() == 0:
        words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *words]
    command = [*words, str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "1 cannot be read (Permission denied), such as images/b.jpg" in done.stdout
    assert labels_of(tmp_path / "out") == ["cat"]


def test_after_a_kill_in_its_midst_ingest_begins_anew(tmp_path: Path) -> None:
    write_picture(tmp_path / "in/cat/a.jpg", 1)
    stops = (
        "import signal, sys\nfrom trainer.cli import main\nfrom trainer.ingest import gather\n"
        "def stop(*_):\n    print('stopped', flush=True)\n    signal.pause()\n"
        "gather.near_duplicates = stop\nsys.exit(main())\n"
    )
    words = ["ingest", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    command = [sys.executable, "-c", stops, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line == "stopped\n" for line in process.stdout)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert list((tmp_path / "out").iterdir())
    assert ingest(tmp_path / "out", tmp_path / "in") == 0
    assert labels_of(tmp_path / "out") == ["cat"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["splits.json", "train"]


def test_two_ingests_at_once_do_not_disturb_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_picture(tmp_path / "in/cat/a.jpg", 1)
    with incoming(tmp_path / "out") as folder:
        assert ingest(tmp_path / "out", tmp_path / "in") == 1
        assert folder.is_dir()
    assert "another ingest is adding to" in capsys.readouterr().err
    assert ingest(tmp_path / "out", tmp_path / "in") == 0


@pytest.mark.parametrize("label", ["aside", "unlabelled", "train", "a/b", ".."])
def test_a_label_that_would_hide_its_pictures_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], label: str
) -> None:
    write_picture(tmp_path / "data/cat/a.jpg", 1)
    words = ["label", "--data", str(tmp_path / "data"), "--labels", f"cat,{label}"]
    assert run_command_line(app, words) == 1
    assert "cannot be the name of a folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "document",
    [
        {"files": [{"path": 1, "split": "train", "label": "cat", "sha256": "ab"}]},
        {"files": [{"path": "a", "split": None, "label": ["cat"], "sha256": "ab"}]},
        {"files": {"a": 1}},
        [],
    ],
)
def test_what_is_no_check_json_is_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], document: object
) -> None:
    path = tmp_path / "check.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert run_command_line(app, ["diff", str(path), str(path)]) == 1
    assert "neither a data set nor a check.json" in capsys.readouterr().err
