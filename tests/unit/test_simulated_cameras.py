"""What the simulated cameras promise to those who stream from them and those who train on them."""

from collections import Counter

import numpy as np
import pytest

from edge.cameras.simulated import EVENT_SECONDS, LABELS, SimulatedCamera, scattered_shot
from edge.cameras.simulated.camera import framing
from edge.cameras.simulated.light import SKIES, TIMES
from edge.cameras.simulated.staging import Hour, some_scene

SMALL = (160, 120)


def small_camera(name: str = "gate-3", seed: int = 7) -> SimulatedCamera:
    return SimulatedCamera(name, seed, *SMALL)


def middles_of_events(events: int) -> list[float]:
    return [(event + 0.5) * EVENT_SECONDS for event in range(events)]


def test_the_same_seed_and_time_give_the_same_picture() -> None:
    ours, theirs = small_camera(), small_camera()
    theirs.shot(31.0)  # what was asked before must not matter
    for time in (12.4, 3.2):
        one, two = ours.shot(time), theirs.shot(time)
        assert (one.label, one.boxes) == (two.label, two.boxes)
        np.testing.assert_array_equal(one.pixels, two.pixels)


@pytest.mark.parametrize(("name", "seed"), [("gate-4", 7), ("gate-3", 8)])
def test_another_name_or_seed_gives_another_picture(name: str, seed: int) -> None:
    assert not np.array_equal(
        small_camera().shot(1.0).pixels, small_camera(name, seed).shot(1.0).pixels
    )


@pytest.mark.parametrize(("width", "height"), [(96, 96), (160, 120), (121, 213)])
def test_a_picture_is_rgb_bytes_of_the_size_asked_for(width: int, height: int) -> None:
    for shot in (
        SimulatedCamera("a", 0, width, height).shot(0.0),
        scattered_shot(1, 2, width, height),
    ):
        assert shot.pixels.shape == (height, width, 3)
        assert shot.pixels.dtype == np.uint8


def test_every_label_appears_within_two_minutes() -> None:
    camera = small_camera()
    events = int(120 / EVENT_SECONDS)
    seen = Counter(camera.shot(time).label for time in middles_of_events(events))
    assert seen == dict.fromkeys(LABELS, events // len(LABELS))


def test_a_label_holds_for_the_whole_event() -> None:
    camera = small_camera()
    for event in range(4):
        times = [(event + share) * EVENT_SECONDS for share in (0.0, 0.5, 0.999)]
        assert len({camera.shot(time).label for time in times}) == 1


def test_background_has_no_boxes_and_every_other_label_has_some() -> None:
    for index in range(12):
        shot = scattered_shot(5, index, *SMALL)
        assert bool(shot.boxes) == (shot.label != "background")


def test_who_passes_stays_well_in_view_from_first_to_last() -> None:
    camera = small_camera()
    for event in range(8):
        for share in (0.0, 0.999):
            for box in camera.shot((event + share) * EVENT_SECONDS).boxes:
                assert min(box.x, box.y) >= 0.0
                assert max(box.x + box.width, box.y + box.height) <= 1.0 + 1e-9
                assert 0.08 < box.height < 0.75


def test_objects_move_as_time_goes() -> None:
    camera = small_camera()
    moved = [
        before.boxes != after.boxes
        for before, after in (
            (camera.shot(time - 1.0), camera.shot(time + 1.0)) for time in middles_of_events(16)
        )
    ]
    assert sum(moved) >= 5  # of 12 events with somebody; parcels on the ground lie still


def test_objects_grow_as_they_come_closer() -> None:
    camera = framing(SMALL, lens=1.2, horizon=0.2, foot=0.8, depth=8.0)
    post = np.array([[0.0, depth, z] for depth in (16.0, 8.0, 4.0) for z in (0.0, 1.8)])
    rows = camera.project(post)[:, 1].reshape(3, 2)
    heights = rows[:, 0] - rows[:, 1]
    np.testing.assert_allclose(heights[1:] / heights[:-1], 2.0)
    assert camera.ground_row(8.0) == pytest.approx(0.8 * SMALL[1])


def test_an_empty_place_looks_as_it_did_with_somebody_in_it() -> None:
    hour, rng = Hour("day", "overcast"), np.random.default_rng(4)
    scene = some_scene("vehicle", hour, SMALL, EVENT_SECONDS, rng)
    full = scene.shot(1.0, np.random.default_rng(0))
    empty = scene.deserted().shot(1.0, np.random.default_rng(0))
    differs = np.any(full.pixels != empty.pixels, axis=2)
    assert 0.01 < float(differs.mean()) < 0.6
    assert empty.label == "background"


@pytest.mark.parametrize("sky", SKIES)
@pytest.mark.parametrize(("time", "subject"), list(zip(TIMES, LABELS[:3], strict=True)))
def test_every_subject_stands_out_at_any_hour(time: str, subject: str, sky: str) -> None:
    scene = some_scene(subject, Hour(time, sky), SMALL, EVENT_SECONDS, np.random.default_rng(11))
    full = scene.shot(2.0, np.random.default_rng(0))
    empty = scene.deserted().shot(2.0, np.random.default_rng(0))
    contrast = np.abs(full.pixels.astype(int) - empty.pixels).max(axis=2)
    assert np.count_nonzero(contrast > 12) > 40


def test_labels_of_scattered_shots_are_balanced() -> None:
    assert tuple(scattered_shot(3, index, 64, 48).label for index in range(8)) == LABELS * 2


def test_scattered_shots_are_repeatable_and_all_different() -> None:
    first = [scattered_shot(3, index, 64, 48).pixels for index in range(8)]
    again = [scattered_shot(3, index, 64, 48).pixels for index in range(8)]
    np.testing.assert_array_equal(first, again)
    assert len({picture.tobytes() for picture in first}) == len(first)


@pytest.mark.parametrize("time", [-0.1, float("nan"), float("inf")])
def test_a_time_that_cannot_be_is_refused(time: float) -> None:
    with pytest.raises(ValueError, match="0 or more seconds"):
        small_camera().shot(time)
