"""`yardlight-edge cameras`: one source is named, and it goes into a folder."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from deploy.bundle.command import DONE, FAILED, WRONG_USAGE, run_command_line
from deploy.bundle.errors import Fatal
from edge.cameras.command import CameraSettings, parse_size, run_cameras, source_of
from edge.cameras.folder import FolderSource, images_in
from edge.cameras.picture import Source
from edge.cameras.simulated import LABELS
from edge.cameras.simulation import SimulatedSource
from edge.cameras.video import LiveSource, VideoFileSource
from edge.cli import app
from edge.layers import FILE
from tests.models import solid_jpeg


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("edge.signals.on_signals", lambda _: None)
    return tmp_path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three images."""
    place = tmp_path / "photos"
    place.mkdir()
    for label in LABELS[:3]:
        (place / f"{label}.jpg").write_bytes(solid_jpeg(label))
    return place


def cameras(*arguments: str) -> int:
    return run_command_line(app, ["cameras", *arguments])


def test_simulated_cameras_write_a_labelled_data_set(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--simulated", "2", "--count", "44", "--size", "64x64", "--to-folder", "set")
    assert cameras(*asked) == DONE
    assert capsys.readouterr().out == "44 frames written to set\n"
    places = {path.relative_to(folder / "set").parts[:2] for path in folder.glob("set/*/*/*.jpg")}
    assert places == {(split, label) for split in ("train", "val") for label in LABELS}


def test_another_seed_draws_other_pictures(folder: Path) -> None:
    for seed in ("1", "1", "2"):
        place = f"set-{seed}-{len(list(folder.iterdir()))}"
        asked = ("--simulated", "1", "--count", "1", "--size", "64x64", "--to-folder", place)
        assert cameras(*asked, "--seed", seed) == DONE
    one, same, other = (path.read_bytes() for path in sorted(folder.glob("set-*/*/*/*.jpg")))
    assert one == same != other


def test_a_folder_is_written_as_it_is_under_the_cameras_name(folder: Path, photos: Path) -> None:
    assert cameras("--folder", str(photos), "--camera", "gate-7", "--to-folder", "out") == DONE
    written = sorted((folder / "out" / "gate-7").iterdir())
    assert [path.name for path in written] == ["000000.jpg", "000001.jpg", "000002.jpg"]
    assert [path.read_bytes() for path in written] == [
        path.read_bytes() for path in sorted(photos.iterdir())
    ]


def test_a_count_ends_an_endless_folder(folder: Path, photos: Path) -> None:
    asked = ("--folder", str(photos), "--loop", "--count", "5", "--to-folder", "out")
    assert cameras(*asked) == DONE
    assert len(list((folder / "out" / "photos").iterdir())) == 5


def test_whoever_stops_it_keeps_what_was_written(folder: Path) -> None:
    stop = Event()
    stop.set()
    run_cameras(CameraSettings(simulated=1, size="64x64", to_folder=Path("set")), stop)
    assert len(list(folder.glob("set/*/*/*.jpg"))) == 1


def test_each_source_is_named_after_itself_unless_told_otherwise(
    photos: Path, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    film.touch()
    wait = Event().wait

    def source(settings: CameraSettings) -> Source:
        return source_of(settings, wait)

    assert source(CameraSettings(folder=photos)) == FolderSource(images_in(photos), photos.name)
    assert source(CameraSettings(video=film, loop=True)) == VideoFileSource(
        str(film), "film", loop=True
    )
    stream, webcam = CameraSettings(rtsp="rtsp://gate/1"), CameraSettings(webcam=0)
    assert source(stream) == LiveSource("rtsp://gate/1", "rtsp", wait)
    assert source(webcam) == LiveSource(0, "webcam-0", wait)
    assert source(replace(webcam, camera="door")) == LiveSource(0, "door", wait)
    assert source(CameraSettings(simulated=2, size="96x64")) == SimulatedSource(2, 5.0, 96, 64, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name one source, --simulated, --folder, --video, --rtsp or --webcam: none given."),
        (("--simulated", "1", "--folder", "x"), "--simulated and --folder given."),
        (("--simulated", "0"), "--simulated"),
        (("--webcam", "-1"), "--webcam"),
        (("--webcam", "0", "--rate", "0"), "--rate"),
        (("--webcam", "0", "--count", "0"), "--count"),
        (("--webcam", "0", "--seconds", "-1"), "--seconds"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_opened(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert cameras(*arguments, "--to-folder", "out") == WRONG_USAGE
    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_source_in_the_file_counts_as_the_one_that_is_named(photos: Path, folder: Path) -> None:
    FILE.write_text(f'folder = "{photos}"\n', encoding="utf-8")
    assert cameras("--to-folder", "out") == DONE
    assert len(list(folder.glob("out/photos/*.jpg"))) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--folder", "nowhere"), "error: nowhere is not a folder\n"),
        (("--video", "nowhere.mp4"), "error: nowhere.mp4 does not exist\n"),
        (("--simulated", "1", "--size", "10"), "error: size '10' is not WIDTHxHEIGHT"),
    ],
)
def test_what_is_not_there_is_named_in_one_line_and_no_broker_is_waited_for(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert cameras(*arguments, "--bootstrap-servers", "nowhere.invalid:9") == FAILED
    assert capsys.readouterr().err.startswith(said)


def test_a_size_is_width_by_height() -> None:
    assert parse_size("640x480") == (640, 480)
    assert parse_size("1920X1080") == (1920, 1080)


@pytest.mark.parametrize("text", ["", "640", "x", "640x", "640x480x3", "-640x480", "6e2x480"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(Fatal, match="is not WIDTHxHEIGHT, such as 640x480"):
        parse_size(text)


@pytest.mark.parametrize("text", ["63x480", "640x63", "7681x480", "640x4321"])
def test_a_size_that_no_camera_has_is_refused(text: str) -> None:
    with pytest.raises(Fatal, match="is out of range, expected 64x64 to 7680x4320"):
        parse_size(text)
