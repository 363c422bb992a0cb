"""The second `yardlight-train check`: only what changed is looked at, and nothing that lies in the
report's folder, whoever put it there, changes what is found.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cleanlab", reason="needs the extra 'data'")
pytest.importorskip("cleanvision", reason="needs the extra 'data'")

import trainer.checking.features
import trainer.checking.judging
import trainer.checking.likeness
import trainer.checking.measured
import trainer.checking.measuring
import trainer.checking.quality
import trainer.checking.thumbnails
import trainer.likeness.near
from deploy.bundle.golden import encode_frame
from deploy.bundle.start import INTERRUPTED
from tests.pictures import drawn, write_picture
from tests.unit.checking import check, report
from trainer.checking.kept import key_of, read_sealed, recall, write_sealed
from trainer.checking.measured import Measured

pytestmark = pytest.mark.slow


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Eight pictures of two labels, one of them on both sides of the split, and one unreadable."""
    for number, place in enumerate(("train/cat", "train/dog", "val/cat", "val/dog")):
        for seed in range(2):
            write_picture(tmp_path / "data" / place / f"{seed}.jpg", 10 * number + seed)
    flipped = np.ascontiguousarray(drawn(0)[:, ::-1])
    (tmp_path / "data/val/cat/flipped.jpg").write_bytes(encode_frame(flipped, 60))
    (tmp_path / "data/val/cat/bad.jpg").write_text("no picture", "utf-8")
    return tmp_path / "data"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Contents that were decoded and measured."""
    seen: list[bytes] = []
    measure = trainer.checking.measuring.measure_content

    def note(content: bytes, digest: str) -> Measured:
        seen.append(content)
        return measure(content, digest)

    monkeypatch.setattr(trainer.checking.measuring, "measure_content", note)
    return seen


def contents(data: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in data.rglob("*.jpg"))


def test_only_what_is_new_is_measured(data: Path, measured: list[bytes]) -> None:
    assert check(data) == 0
    assert sorted(measured) == contents(data)
    measured.clear()
    write_picture(data / "train/cat/new.jpg", 99)
    assert check(data) == 0
    assert measured == [(data / "train/cat/new.jpg").read_bytes()]


def test_a_picture_that_only_moved_is_not_measured_again(data: Path, measured: list[bytes]) -> None:
    assert check(data) == 0
    measured.clear()
    (data / "train/cat/0.jpg").rename(data / "train/dog/moved.jpg")
    os.utime(data / "train/cat/1.jpg")
    assert check(data) == 0
    assert measured == []
    assert "train/dog/moved.jpg" in {row["path"] for row in report(data)["files"]}


def test_a_file_that_nobody_touched_is_not_even_read(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer.checking.measured, "_UNSETTLED_NS", -1)
    assert check(data) == 0
    before = report(data)
    monkeypatch.delattr(trainer.checking.measuring, "hashlib")
    assert check(data) == 0
    assert report(data) == before


def test_a_change_that_hides_behind_the_old_size_and_time_is_seen(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer.checking.measured, "_UNSETTLED_NS", -1)
    assert check(data) == 0
    path = data / "val/dog/0.jpg"
    was = path.stat()
    path.write_bytes(b"x" * was.st_size)
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert check(data) == 0
    assert path.relative_to(data).as_posix() in {
        one["path"] for one in report(data)["findings"] if one["kind"] == "unreadable"
    }


def test_an_unchanged_set_needs_none_of_the_libraries_that_judge(
    data: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways: list[tuple[str | Path, ...]] = [(), ("--bundle", tiny_bundle)]
    for words in ways:
        assert check(data, *words) == 0
        before = report(data)
        with monkeypatch.context() as without:
            for module, name in (
                (trainer.checking.features, "open_reference"),
                (trainer.checking.judging, "cross_validated"),
                (trainer.checking.judging, "outlier_scores"),
                (trainer.checking.likeness, "near_duplicates"),
                (trainer.checking.quality, "_manager"),
                (trainer.checking.thumbnails, "frame_to_pixels"),
            ):
                without.delattr(module, name)
            assert check(data, *words) == 0
        assert report(data) == before


def test_no_pair_is_compared_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(data) == 0
    before = [one for one in report(data)["findings"] if one["kind"] == "leak"]
    assert [one["path"] for one in before] == ["train/cat/0.jpg"]
    write_picture(data / "train/cat/new.jpg", 99)
    monkeypatch.delattr(trainer.likeness.near, "show_the_same")
    assert check(data) == 0
    assert [one for one in report(data)["findings"] if one["kind"] == "leak"] == before


def test_what_was_looked_at_before_an_interruption_is_kept(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bytes] = []
    measure = trainer.checking.measuring.measure_content

    def interrupted_at_the_fifth(content: bytes, digest: str) -> Measured:
        if len(looked) == 4:
            raise KeyboardInterrupt
        looked.append(content)
        return measure(content, digest)

    with monkeypatch.context() as patch:
        patch.setattr(trainer.checking.measuring, "measure_content", interrupted_at_the_fifth)
        assert check(data) == INTERRUPTED
    before = list(looked)

    def note(content: bytes, digest: str) -> Measured:
        looked.append(content)
        return measure(content, digest)

    monkeypatch.setattr(trainer.checking.measuring, "measure_content", note)
    assert check(data) == 0
    assert len(before) == 4
    assert sorted(looked) == contents(data)


def test_a_picture_that_changes_while_it_is_looked_at_is_not_known_by_its_old_content(
    data: Path,
    tiny_bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = data / "train/cat/0.jpg"
    measure = trainer.checking.measuring.measure

    def then_change(*arguments: Any) -> dict[str, Measured]:
        found = measure(*arguments)
        write_picture(path, 77)
        return found

    with monkeypatch.context() as patch:
        patch.setattr("trainer.checking.examination.measure", then_change)
        assert check(data, "--bundle", tiny_bundle) == 1
    assert f"{path} changed while it was looked at" in capsys.readouterr().err
    assert check(data, "--bundle", tiny_bundle) == 0
    again = report(data)
    shutil.rmtree(data.parent / "data-check")
    assert check(data, "--bundle", tiny_bundle) == 0
    assert report(data) == again


def kept_in(data: Path) -> list[Path]:
    return sorted((data.parent / f"{data.name}-check").glob("*.msgpack"))


def flip_a_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda content: content[:-20],
    "a flipped bit": flip_a_bit,
    "empty": lambda _: b"",
    "longer": lambda content: content + b"\0",
    "no seal": lambda content: content[32:],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_is_damaged_changes_no_verdict(
    data: Path, tiny_bundle: Path, damage: Callable[[bytes], bytes]
) -> None:
    assert check(data, "--bundle", tiny_bundle) == 0
    before = report(data)
    kept = kept_in(data)
    assert [path.name.split("-")[0].removesuffix(".msgpack") for path in kept] == [
        *("compared", "judged", "measured", "poor", "seen", "thumbnails")
    ]
    for path in kept:
        path.write_bytes(damage(path.read_bytes()))
    page = (data.parent / "data-check/check.html").read_bytes()
    assert check(data, "--bundle", tiny_bundle) == 0
    assert report(data) == before
    assert (data.parent / "data-check/check.html").read_bytes() == page


def test_what_was_kept_of_another_data_set_changes_no_verdict(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for number, path in enumerate(sorted(data.rglob("*.jpg"))):
        write_picture(other / path.relative_to(data), 500 + number)
    assert check(other) == 0
    assert check(data) == 0
    before, kept = report(data), kept_in(other)
    assert kept
    for path in kept:
        shutil.copy(path, data.parent / "data-check" / path.name)
    assert check(data) == 0
    assert report(data) == before


def test_what_another_version_kept_counts_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sealed(tmp_path / "kept", [1, 2])
    assert read_sealed(tmp_path / "kept", list[int]) == [1, 2]
    assert read_sealed(tmp_path / "kept", dict[str, int]) is None
    monkeypatch.setattr("trainer.checking.kept._maker", lambda: b"another version")
    assert read_sealed(tmp_path / "kept", list[int]) is None


def test_an_answer_is_recalled_for_the_same_question_only(tmp_path: Path) -> None:
    floats = np.arange(6, dtype=np.float32)
    questions: list[Any] = [
        floats,
        floats.reshape(2, 3),
        floats.astype(np.float64),
        floats + 1,
        b"",
        b"\0",
    ]
    assert len({key_of(question) for question in questions}) == len(questions)
    assert key_of(b"a", b"bc") != key_of(b"ab", b"c")
    asked = [key_of(question) for question in questions]
    answers = [recall(tmp_path / "kept", one, int, asked.index(one).__int__) for one in asked]
    assert answers == list(range(len(questions)))
    assert recall(tmp_path / "kept", asked[-1], int, lambda: -1) == answers[-1]
