"""A frame that looks like the last classified one of its camera is not looked at again."""

from collections.abc import Iterator
from dataclasses import replace
from threading import Barrier, Thread

import numpy as np
import pytest

from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels, frame_to_pixels
from edge import gate as gate_module
from edge.cameras.picture import encode_jpeg
from edge.cameras.simulated import SimulatedCamera
from edge.cameras.simulated.stream import EVENT_SECONDS
from edge.frame import Frame
from edge.gate import Gate, thumbnail
from edge.settings.freshness import FreshnessSettings
from tests.frames import OTHER, classified, make_frame

GREY: Pixels = np.full((64, 64, 3), 100, np.uint8)
THRESHOLD = FreshnessSettings().gate_threshold


@pytest.fixture
def gate() -> Gate:
    return Gate(THRESHOLD)


def brighter(by: int, rows: slice = slice(None), columns: slice = slice(None)) -> Pixels:
    picture: Pixels = GREY.copy()
    picture[rows, columns] += np.uint8(by)
    return picture


def frame(offset: int, camera: str = "gate-1", *, assignment: int = 1) -> Frame:
    return replace(make_frame(offset, assignment=assignment), camera=camera)


def seen(gate: Gate, offset: int, label: str = "parcel", *, assignment: int = 1) -> None:
    gate.saw(classified(frame(offset, assignment=assignment), label), GREY)


def test_the_first_frame_of_a_camera_is_looked_at(gate: Gate) -> None:
    assert gate.same_as(frame(0), GREY) is None


def test_a_frame_that_shows_the_same_is_told_what_was_seen_and_where(gate: Gate) -> None:
    seen(gate, 4, "vehicle")
    same = gate.same_as(frame(5), brighter(3))
    assert same is not None
    assert (same.label, same.confidence, same.id, same.offset) == ("vehicle", 0.9, "frame-4", 4)


def test_what_changes_in_one_corner_only_is_a_change(gate: Gate) -> None:
    seen(gate, 4)
    assert gate.same_as(frame(5), brighter(60, slice(60, 64), slice(60, 64))) is None


def test_another_colour_that_is_as_bright_is_a_change(gate: Gate) -> None:
    red, blue = GREY.copy(), GREY.copy()
    red[..., 0], blue[..., 2] = 200, 200
    gate.saw(classified(frame(4)), red)
    assert gate.same_as(frame(5), blue) is None


def test_noise_is_no_change(gate: Gate) -> None:
    seen(gate, 4)
    noisy: Pixels = np.random.default_rng(1).normal(GREY, 8).clip(0, 255).astype(np.uint8)
    assert gate.same_as(frame(5), noisy) is not None


def test_a_slow_change_is_noticed_because_skipped_frames_are_not_what_is_compared_with(
    gate: Gate,
) -> None:
    seen(gate, 0)
    looked = [gate.same_as(frame(step), brighter(step)) is None for step in range(1, 10)]
    assert looked == [step >= THRESHOLD for step in range(1, 10)]


def test_another_cameras_picture_says_nothing(gate: Gate) -> None:
    seen(gate, 4)
    assert gate.same_as(frame(5, "gate-2"), GREY) is None


def test_a_frame_is_never_the_same_as_a_newer_one(gate: Gate) -> None:
    seen(gate, 5)
    assert gate.same_as(frame(4), GREY) is None


def test_a_session_that_is_late_does_not_bring_back_an_older_picture(gate: Gate) -> None:
    seen(gate, 5, "parcel")
    gate.saw(classified(frame(4), "vehicle"), brighter(50))
    same = gate.same_as(frame(6), GREY)
    assert same is not None
    assert same.label == "parcel"


def test_a_partition_that_comes_back_starts_anew(gate: Gate) -> None:
    seen(gate, 4)
    assert gate.same_as(frame(5, assignment=2), GREY) is None
    seen(gate, 5, assignment=2)
    seen(gate, 9, assignment=1)  # a session that was late
    assert gate.same_as(frame(6, assignment=2), GREY) is not None


def test_a_camera_that_moves_to_another_partition_starts_anew(gate: Gate) -> None:
    seen(gate, 4)
    moved = replace(frame(5), partition=OTHER)
    assert gate.same_as(moved, GREY) is None


def test_the_camera_not_seen_for_the_longest_is_forgotten(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_module, "_CAMERAS", 2)
    for number in (1, 2):
        gate.saw(classified(frame(number, f"gate-{number}")), GREY)
    assert gate.same_as(frame(3, "gate-1"), GREY) is not None
    gate.saw(classified(frame(4, "gate-3")), GREY)
    known = [gate.same_as(frame(9, f"gate-{number}"), GREY) is not None for number in (1, 2, 3)]
    assert known == [True, False, True]


def test_sessions_side_by_side_keep_the_newest_frame(gate: Gate) -> None:
    start = Barrier(4)

    def session(offsets: range) -> None:
        start.wait()
        for offset in offsets:
            seen(gate, offset)
            gate.same_as(frame(offset), GREY)

    sessions = [Thread(target=session, args=(range(number, 200, 4),)) for number in range(4)]
    for running in sessions:
        running.start()
    for running in sessions:
        running.join()
    same = gate.same_as(frame(500), GREY)
    assert same is not None
    assert same.offset == 199


@pytest.mark.parametrize("shape", [(64, 64, 3), (37, 50, 3), (8, 200, 3), (1, 1, 3)])
def test_a_thumbnail_keeps_the_mean_of_each_cell(shape: tuple[int, int, int]) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, shape, np.uint8)
    small = thumbnail(pixels)
    assert small.shape == (min(16, shape[0]), min(16, shape[1]), 3)
    rows, columns = shape[0] // small.shape[0], shape[1] // small.shape[1]
    first = pixels[: max(1, rows), : max(1, columns)].mean(axis=(0, 1))
    assert small[0, 0] == pytest.approx(first, rel=1e-4)


def simulated(camera: SimulatedCamera, event: int) -> Iterator[tuple[str, Pixels]]:
    for second in (0.2, 1.2, 3.2, 4.7):
        shot = camera.shot(event * EVENT_SECONDS + second)
        jpeg = encode_jpeg(shot.pixels)
        yield shot.label, frame_to_pixels(jpeg, InputSpec(96, 96), Limits())


def test_an_empty_yard_is_looked_at_once_and_everybody_who_enters_is_seen() -> None:
    camera, gate = SimulatedCamera("gate-1", 7, 320, 240), Gate(THRESHOLD)
    looked: list[tuple[str, int]] = []
    offset = 0
    for event in range(8):
        labels = []
        for label, pixels in simulated(camera, event):
            offset += 1
            if gate.same_as(frame(offset), pixels) is None:
                gate.saw(classified(frame(offset), label), pixels)
                labels.append(label)
        looked.append((label, len(labels)))
    assert {label for label, _ in looked} == {"vehicle", "pedestrian", "parcel", "background"}
    assert all(count >= 1 for _, count in looked), "somebody entered and was not looked at"
    assert all(count == 1 for label, count in looked if label == "background")
