"""Where frames come from: folders, video files, streams; and what is said when one is not there."""

import socket
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from deploy.bundle.errors import Fatal
from edge.cameras import video
from edge.cameras.folder import FolderSource, images_in
from edge.cameras.picture import Picture
from edge.cameras.simulated import LABELS
from edge.cameras.simulation import SimulatedDataSet, SimulatedSource
from edge.cameras.video import LiveSource, VideoFileSource
from tests.models import solid_jpeg

SHADES = (0, 60, 120, 180, 240)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A video of five frames, 64x48, each of one shade of grey."""
    path = tmp_path / "gate.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for shade in SHADES:
        writer.write(np.full((48, 64, 3), shade, np.uint8))
    writer.release()
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for name in ("b.jpg", "a/2.PNG", "a/1.jpeg", "c.webp"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    (folder / "notes.txt").write_text("not a picture", encoding="utf-8")
    (folder / "folder.jpg").mkdir()
    return folder


def shades(pictures: list[Picture]) -> list[int]:
    """The shade of each picture, to the nearest of the film's."""
    found = []
    for picture in pictures:
        pixels: Any = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)
        assert pixels.shape == (48, 64, 3)
        found.append(min(SHADES, key=lambda shade: abs(shade - float(pixels.mean()))))
    return found


def test_a_folder_gives_every_image_below_it_as_it_is_in_the_order_of_names(photos: Path) -> None:
    found = list(FolderSource(images_in(photos), "gate-1").pictures())
    assert [picture.data for picture in found] == [b"a/1.jpeg", b"a/2.PNG", b"b.jpg", b"c.webp"]
    assert {(picture.camera, picture.truth) for picture in found} == {("gate-1", None)}


def test_a_folder_begins_again_if_told_to(photos: Path) -> None:
    found = list(islice(FolderSource(images_in(photos), "gate-1", loop=True).pictures(), 6))
    assert [picture.data for picture in found[4:]] == [b"a/1.jpeg", b"a/2.PNG"]


def test_a_folder_that_is_not_there_or_holds_no_images_is_named(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match=r"nowhere is not a folder"):
        images_in(tmp_path / "nowhere")
    with pytest.raises(Fatal, match=rf"{tmp_path} holds no images \(\.jpeg, \.jpg, \.png, \.webp"):
        images_in(tmp_path)


def test_a_video_gives_its_frames_as_jpeg_in_order(film: Path) -> None:
    found = list(VideoFileSource(str(film), "gate-1").pictures())
    assert all(picture.data.startswith(b"\xff\xd8") for picture in found)
    assert shades(found) == list(SHADES)


def test_a_video_begins_again_if_told_to(film: Path) -> None:
    found = list(islice(VideoFileSource(str(film), "gate-1", loop=True).pictures(), 7))
    assert shades(found) == [*SHADES, *SHADES[:2]]


def test_red_stays_red_on_its_way_through_a_video(tmp_path: Path) -> None:
    path = tmp_path / "red.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    frame = np.frombuffer(solid_jpeg("vehicle"), np.uint8)
    red = cv2.imdecode(frame, cv2.IMREAD_COLOR)
    assert red is not None
    writer.write(red)
    writer.release()
    (picture,) = VideoFileSource(str(path), "gate-1").pictures()
    pixels: Any = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)
    blue, _, red_mean = pixels.mean(axis=(0, 1))
    assert red_mean > blue + 100


def test_a_video_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match=r"video file .*nowhere\.mp4 cannot be opened"):
        next(VideoFileSource(str(tmp_path / "nowhere.mp4"), "gate-1").pictures())
    text = tmp_path / "text.mp4"
    text.write_text("not a film", encoding="utf-8")
    with pytest.raises(Fatal, match=r"video file .*text\.mp4 cannot be opened"):
        next(VideoFileSource(str(text), "gate-1").pictures())


def never_stop(_: float) -> bool:
    return False


def test_a_stream_that_breaks_off_is_opened_again(film: Path) -> None:
    waited: list[float] = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        return False

    found = list(islice(LiveSource(str(film), "gate-1", wait).pictures(), 12))
    assert shades(found) == [*SHADES, *SHADES, *SHADES[:2]]
    assert len(waited) == 2
    assert min(waited) > 0


def test_a_stream_that_is_gone_is_asked_for_until_it_is_back(film: Path, tmp_path: Path) -> None:
    away = tmp_path / "away.avi"
    tries: list[float] = []

    def come_back_the_third_time(seconds: float) -> bool:
        tries.append(seconds)
        if len(tries) == 3:
            away.rename(film)
        return False

    pictures = LiveSource(str(film), "gate-1", come_back_the_third_time).pictures()
    found = list(islice(pictures, 5))
    film.rename(away)
    found += islice(pictures, 1)
    assert shades(found) == [*SHADES, SHADES[0]]
    assert len(tries) == 3


def test_a_stream_that_is_gone_does_not_keep_us_from_stopping(film: Path) -> None:
    pictures = LiveSource(str(film), "gate-1", lambda _: True).pictures()
    assert shades(list(pictures)) == list(SHADES)


def test_a_stream_that_nobody_serves_is_named_without_its_password() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # and never listens
        place = f"127.0.0.1:{unheard.getsockname()[1]}/gate"
        with pytest.raises(Fatal, match=f"stream {place} cannot be opened") as refused:
            next(LiveSource(f"rtsp://user:secret@{place}", "gate-1", never_stop).pictures())
    assert "secret" not in str(refused.value)


@pytest.mark.timeout(20)  # OpenCV alone would wait for 30 s
def test_a_stream_that_takes_the_call_and_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(video, "_OPEN_TIMEOUT_MS", 100)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        place = f"127.0.0.1:{silent.getsockname()[1]}/gate"
        with pytest.raises(Fatal, match=f"stream rtsp://{place} cannot be opened"):
            next(LiveSource(f"rtsp://{place}", "gate-1", never_stop).pictures())


def test_a_webcam_that_is_not_there_is_named() -> None:
    with pytest.raises(Fatal, match="webcam 4711 cannot be opened"):
        next(LiveSource(4711, "gate-1", never_stop).pictures())


def test_simulated_cameras_take_turns_and_know_the_truth() -> None:
    found = list(islice(SimulatedSource(3, 5.0, 64, 64, seed=1).pictures(), 6))
    assert [picture.camera for picture in found] == ["gate-1", "gate-2", "gate-3"] * 2
    assert {picture.truth for picture in found} <= set(LABELS)
    assert len({picture.data for picture in found}) == 6


def test_a_simulated_data_set_lies_in_folders_by_split_and_label(tmp_path: Path) -> None:
    written = list(SimulatedDataSet(44, 64, 64, seed=1).write(tmp_path))
    places = [path.relative_to(tmp_path).parts for path in written]
    assert all(path.is_file() for path in written)
    assert {split for split, _, _ in places} == {"train", "val"}
    by_label = [label for _, label, _ in places]
    assert {label: by_label.count(label) for label in LABELS} == dict.fromkeys(LABELS, 11)
    validated = [label for split, label, _ in places if split == "val"]
    assert sorted(validated) == sorted([*LABELS, *LABELS])
