"""`yardlight-train check`: what is wrong is found, shown, put aside, and brought back."""

import errno
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("cleanlab", reason="needs the extra 'data'")
pytest.importorskip("cleanvision", reason="needs the extra 'data'")

from deploy.bundle.golden import encode_frame
from tests.models import LABELS, solid_pixels
from tests.pictures import drawn, snapshot, write_picture
from tests.unit.checking import check, report

pytestmark = pytest.mark.slow


def found(data: Path, kind: str) -> list[str]:
    assert check(data) == 0
    return [one["path"] for one in report(data)["findings"] if one["kind"] == kind]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Eight pictures of two labels in two splits, nothing wrong with them."""
    for number, place in enumerate(("train/cat", "train/dog", "val/cat", "val/dog")):
        for seed in range(2):
            write_picture(tmp_path / "data" / place / f"{seed}.jpg", 10 * number + seed)
    return tmp_path / "data"


def test_unreadable_and_cut_pictures_are_named_with_their_reason(data: Path) -> None:
    whole = (data / "train/cat/0.jpg").read_bytes()
    (data / "train/cat/cut.jpg").write_bytes(whole[: len(whole) // 2])
    (data / "train/cat/empty.jpg").touch()
    assert found(data, "unreadable") == ["train/cat/cut.jpg", "train/cat/empty.jpg"]
    says = {one["path"]: one["says"] for one in report(data)["findings"]}
    assert says["train/cat/cut.jpg"].startswith("truncated:")


def test_the_same_bytes_are_a_duplicate_or_a_disagreement(data: Path) -> None:
    shutil.copy(data / "train/cat/0.jpg", data / "train/cat/again.jpg")
    shutil.copy(data / "train/cat/0.jpg", data / "train/dog/other.jpg")
    assert found(data, "duplicate") == ["train/cat/again.jpg"]
    assert found(data, "disagreement") == ["train/dog/other.jpg"]


def test_a_near_duplicate_in_both_splits_is_a_leak(data: Path) -> None:
    flipped = np.ascontiguousarray(drawn(0)[:, ::-1])
    (data / "val/cat/flipped.jpg").write_bytes(encode_frame(flipped, 60))
    assert found(data, "leak") == ["train/cat/0.jpg"]
    assert found(data, "near-duplicate") == ["val/cat/flipped.jpg"]


def test_blurred_dark_and_odd_sized_pictures_are_found(data: Path) -> None:
    blurred = cv2.GaussianBlur(drawn(50, 640, 480), (0, 0), 40)
    (data / "train/cat/blurred.jpg").write_bytes(encode_frame(blurred))
    (data / "train/cat/dark.jpg").write_bytes(encode_frame(drawn(51) // 8))
    write_picture(data / "train/cat/strip.jpg", 52, 400, 40)
    assert "train/cat/blurred.jpg" in found(data, "blurred")
    assert found(data, "dark") == ["train/cat/dark.jpg"]
    assert "train/cat/strip.jpg" in found(data, "odd-sized")


def coloured(root: Path, each: int, wrong: int) -> set[str]:
    """Noisy pictures of a colour for each label; `wrong` of each label lie in the next one's."""
    chance, flipped = np.random.default_rng(1), set()
    for number, label in enumerate(LABELS):
        for seed in range(each):
            place = LABELS[(number + 1) % len(LABELS)] if seed < wrong else label
            path = root / "train" / place / f"{label}-{seed}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            noisy = solid_pixels(label, 96, 96) + chance.normal(0, 40, (96, 96, 3))
            path.write_bytes(encode_frame(noisy.clip(0, 255).astype(np.uint8)))
            if place != label:
                flipped.add(path.relative_to(root).as_posix())
    return flipped


def test_wrong_labels_come_first_in_the_ranking(tmp_path: Path, tiny_bundle: Path) -> None:
    flipped = coloured(tmp_path / "data", each=20, wrong=1)
    assert check(tmp_path / "data", "--bundle", tiny_bundle) == 0
    ranking = [one["path"] for one in report(tmp_path / "data")["ranking"]]
    assert flipped <= set(ranking[: len(ranking) // 10])
    marked = {
        one["path"]: one["suggests"]
        for one in report(tmp_path / "data")["findings"]
        if one["kind"] == "wrong-label"
    }
    truth = {path: path.split("/")[2].split("-")[0] for path in marked.keys() & flipped}
    assert len(truth) >= len(flipped) - 1
    assert all(marked[path] == label for path, label in truth.items())


def test_one_label_only_is_said_and_everything_else_is_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_picture(tmp_path / "data/train/cat/0.jpg", 1)
    write_picture(tmp_path / "data/train/cat/1.jpg", 1)
    assert check(tmp_path / "data") == 0
    said = capsys.readouterr().out
    assert "There is one label, cat" in said
    assert "1 duplicate" in said


def test_imbalance_and_a_missing_label_are_said(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(20):
        write_picture(data / "train/dog" / f"more-{seed}.jpg", 200 + seed)
    shutil.rmtree(data / "val/dog")
    assert check(data) == 0
    said = capsys.readouterr().out
    assert "train is imbalanced: 22 pictures of dog, 2 of cat." in said
    assert "val has no pictures of dog." in said


def test_an_empty_folder_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    assert check(tmp_path / "data") == 1
    assert "holds no pictures" in capsys.readouterr().err


def test_names_of_any_kind_reach_the_page_as_text(data: Path) -> None:
    names = ['"><script>alert(1).jpg', "😀.jpg", "x" * 250 + ".jpg", os.fsdecode(b"\xff.jpg")]
    for name in names:
        (data / "train/cat" / name).touch()
    assert len(found(data, "unreadable")) == len(names)
    page = (data.parent / "data-check/check.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert f"<h1>{data.name}</h1>" in page
    assert "😀.jpg" in page


def test_what_is_applied_is_moved_and_undo_brings_it_back(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "train/cat/bad.jpg").write_text("no picture", "utf-8")
    (data / "train/cat/bad.jpg.json").write_text('{"labels": []}', "utf-8")
    before = snapshot(data)
    assert check(data, "--apply") == 0
    assert "1 pictures put aside" in capsys.readouterr().out
    assert not (data / "train/cat/bad.jpg").exists()
    assert not (data / "train/cat/bad.jpg.json").exists()
    assert (data / "aside/1/train/cat/bad.jpg").exists()
    assert check(data, "--undo") == 0
    assert snapshot(data) == before


def test_only_what_a_person_confirmed_is_moved(data: Path, tmp_path: Path) -> None:
    (data / "train/cat/bad.jpg").write_text("no picture", "utf-8")
    confirmed = tmp_path / "confirmed.txt"
    confirmed.write_text('"train/dog/0.jpg"\ntrain/cat/1.jpg\n', encoding="utf-8")
    assert check(data, "--apply", "--confirmed", confirmed) == 0
    moved = {path for path in snapshot(data) if path.startswith("aside/1/")}
    assert moved == {"aside/1/train/dog/0.jpg", "aside/1/train/cat/1.jpg"}


def test_a_confirmed_picture_outside_of_the_data_set_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_picture(tmp_path / "mine.jpg", 1)
    (tmp_path / "confirmed.txt").write_text("../mine.jpg\n", encoding="utf-8")
    assert check(data, "--apply", "--confirmed", tmp_path / "confirmed.txt") == 1
    assert "not in the data set" in capsys.readouterr().err
    assert (tmp_path / "mine.jpg").exists()


@pytest.mark.parametrize("moves", [0, 1, 2, 3])
def test_a_full_disk_in_the_midst_loses_nothing(
    data: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    for number in range(4):
        (data / "train/cat" / f"bad-{number}.jpg").write_text(f"no {number}", "utf-8")
    before = snapshot(data)
    rename = Path.rename
    done: list[Path] = []

    def fail_later(path: Path, target: Path) -> Path:
        if path.suffix == ".jpg":
            if len(done) == moves:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
            done.append(path)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_later)
    assert check(data, "--apply") == 1
    monkeypatch.undo()
    assert set(before.values()) <= set(snapshot(data).values())
    assert check(data, "--undo") == 0
    assert snapshot(data) == before


def test_undo_leaves_alone_what_took_the_place_meanwhile(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "train/cat/bad.jpg").write_text("first", "utf-8")
    assert check(data, "--apply") == 0
    (data / "train/cat/bad.jpg").write_text("second", "utf-8")
    assert check(data, "--undo") == 1
    assert "train/cat/bad.jpg" in capsys.readouterr().err
    assert (data / "train/cat/bad.jpg").read_text("utf-8") == "second"
    assert (data / "aside/1/train/cat/bad.jpg").read_text("utf-8") == "first"


def test_a_read_only_data_set_is_checked_and_not_touched(data: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in [data, *data.rglob("*")]}
    assert check(data, "--out", tmp_path / "elsewhere") == 0
    assert {path: path.stat().st_mtime_ns for path in [data, *data.rglob("*")]} == before


def test_the_digest_is_the_one_that_fit_names(data: Path) -> None:
    from deploy.bundle.manifest import InputSpec
    from trainer.data.digest import data_digest
    from trainer.data.layout import read_layout
    from trainer.data.pictures import read_pictures

    assert check(data) == 0
    layout = read_layout(data)
    splits = [
        read_pictures(split, layout.labels, InputSpec(32, 32), 1, lambda _, read, __: iter(read))
        for split in (layout.train, layout.val)
    ]
    assert report(data)["digest"] == data_digest(data, *splits)


def test_pictures_of_one_pixel_and_of_one_colour_are_looked_at(data: Path) -> None:
    for number, size in enumerate(((1, 1), (1, 900), (7, 7))):
        pixels = np.full((*size, 3), 40 * number, np.uint8)
        _, encoded = cv2.imencode(".png", pixels)
        (data / "train/cat" / f"flat-{number}.png").write_bytes(encoded.tobytes())
    assert found(data, "unreadable") == []


def test_a_label_whose_pictures_all_show_the_same_is_no_obstacle(tmp_path: Path) -> None:
    for seed in range(4):
        write_picture(tmp_path / "data/train/cat" / f"{seed}.jpg", seed)
    for name in "ab":
        write_picture(tmp_path / "data/train/dog" / f"{name}.jpg", 9)
    assert check(tmp_path / "data") == 0


def test_a_data_set_that_shows_one_thing_only_is_no_obstacle(tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        for name in "ab":
            write_picture(tmp_path / "data/train" / label / f"{name}.jpg", 9)
    assert check(tmp_path / "data") == 0
