import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

import cv2
import numpy as np
import pytest

import trainer.data.pictures
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels, frame_to_pixels
from trainer.data.cache import Cache
from trainer.data.digest import data_digest
from trainer.data.layout import read_split
from trainer.data.pictures import Pictures, Read, read_pictures
from trainer.data.scarcity import scarce
from trainer.errors import DataError
from trainer.golden import golden_frames

SPEC = InputSpec(16, 12)


def unseen(_title: str, files: Iterable[Read], _total: int) -> Iterator[Read]:
    yield from files


def read(folder: Path) -> Pictures:
    return read_pictures(read_split(folder), ("cat", "dog"), SPEC, 2, unseen)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    noise = np.random.default_rng(7)
    for label in ("cat", "dog"):
        (tmp_path / "train" / label).mkdir(parents=True)
        for name in ("a.jpg", "b.png", "c.webp"):
            picture = noise.integers(0, 256, (30, 40, 3), dtype=np.uint8)
            cv2.imwrite(str(tmp_path / "train" / label / name), picture)
    return tmp_path / "train"


def test_pixels_are_those_of_the_production_path(folder: Path) -> None:
    pictures = read(folder)
    assert pictures.pixels.shape == (6, 12, 16, 3)
    assert pictures.targets.tolist() == [0, 0, 0, 1, 1, 1]
    for path, pixels in zip(pictures.files, pictures.pixels, strict=True):
        expected = frame_to_pixels(path.read_bytes(), SPEC, Limits())
        np.testing.assert_array_equal(pixels, expected)


def test_every_unreadable_picture_is_listed_and_ten_are_named(folder: Path) -> None:
    for index in range(12):
        (folder / "dog" / f"x{index:02}.jpg").write_bytes(b"not a picture")
    with pytest.raises(DataError) as caught:
        read(folder)
    said = str(caught.value)
    assert said.startswith(f"12 pictures of {folder} cannot be read")
    assert str(folder / "dog" / "x09.jpg") in said
    assert "x10.jpg" not in said
    assert "2 more" in said


def test_a_folder_that_is_named_like_a_picture_is_an_unreadable_picture(folder: Path) -> None:
    (folder / "cat" / "album.jpg").mkdir()
    with pytest.raises(DataError, match=r"(?s)^1 picture of .*album\.jpg"):
        read(folder)


def test_labels_with_few_pictures_are_named_and_those_with_enough_are_not(folder: Path) -> None:
    for index in range(7):
        shutil.copy(folder / "dog" / "a.jpg", folder / "dog" / f"more-{index}.jpg")
    train = read(folder)
    for path in (folder / "cat").glob("[bc].*"):
        path.unlink()
    said = list(scarce(train, read(folder)))
    assert said == [
        f"{folder}: few pictures to be learned from: cat (3)",
        f"{folder}: few pictures to be measured on: cat (1)",
    ]


def test_a_second_run_decodes_no_photo_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path / "cache", SPEC)
    first = read_cached(folder, cache)
    monkeypatch.setattr(trainer.data.pictures, "frame_to_pixels", refuse)
    again = read_cached(folder, cache)
    np.testing.assert_array_equal(again.pixels, first.pixels)
    np.testing.assert_array_equal(first.pixels, read_split_pixels(first))
    assert again.hashes == first.hashes
    kept = [cache.folder, *cache.folder.rglob("*")]
    assert all(path.stat().st_mode & 0o77 == 0 for path in kept)


def test_what_is_kept_of_a_photo_is_for_one_size_and_one_content(
    folder: Path, tmp_path: Path
) -> None:
    cache = Cache(tmp_path / "cache", SPEC)
    digest = read_cached(folder, cache).hashes[0]
    assert cache.find(digest) is not None
    assert cache.find(digest[::-1]) is None
    assert Cache(cache.folder, InputSpec(16, 12, "letterbox")).find(digest) is None


def test_an_entry_that_was_cut_short_is_decoded_again(folder: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", SPEC)
    first = read_cached(folder, cache)
    for path in cache.folder.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-9] + bytes(5))
    np.testing.assert_array_equal(read_cached(folder, cache).pixels, first.pixels)


def read_cached(folder: Path, cache: Cache) -> Pictures:
    return read_pictures(read_split(folder), ("cat", "dog"), SPEC, 2, unseen, cache)


def read_split_pixels(pictures: Pictures) -> Pixels:
    return np.stack([frame_to_pixels(it.read_bytes(), SPEC, Limits()) for it in pictures.files])


def refuse(*_: object) -> NoReturn:
    pytest.fail("a photo was decoded again")


def test_the_digest_follows_content_name_and_label(folder: Path) -> None:
    before = data_digest(folder.parent, read(folder))
    assert data_digest(folder.parent, read(folder)) == before
    (folder / "cat" / "a.jpg").rename(folder / "dog" / "z.jpg")
    moved = data_digest(folder.parent, read(folder))
    (folder / "dog" / "z.jpg").write_bytes((folder / "dog" / "a.jpg").read_bytes())
    assert len({before, moved, data_digest(folder.parent, read(folder))}) == 3


def test_golden_photos_take_turns_between_labels_and_are_jpegs(folder: Path) -> None:
    pictures = read(folder)
    frames = golden_frames("photos", pictures, SPEC)
    assert len(frames) == 6
    assert frames[0] == (folder / "cat" / "a.jpg").read_bytes()
    assert frames[1] == (folder / "dog" / "a.jpg").read_bytes()
    assert all(frame.startswith(b"\xff\xd8") for frame in frames)


def test_golden_frames_can_be_drawn_where_photos_are_private(folder: Path) -> None:
    photos = {path.read_bytes() for path in read(folder).files}
    assert photos.isdisjoint(golden_frames("drawn", read(folder), SPEC))
