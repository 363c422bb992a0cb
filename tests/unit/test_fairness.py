"""Cameras take turns; when there is too much, the oldest frame of the busiest camera gives way."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.fairness import FairShare
from edge.frame import Frame
from tests.frames import make_frame

CAMERAS = ["gate-1", "gate-2", "gate-3", "gate-4"]
MAX_FRAMES, MAX_BYTES = 6, 100


def frame(camera: str, number: int, size: int = 1) -> Frame:
    return replace(make_frame(number, value=bytes(size), polled=float(number)), camera=camera)


def put(line: FairShare, *cameras: str) -> list[str]:
    """A frame each, numbered from 0; names of those that gave way."""
    return names(
        gone for number, camera in enumerate(cameras) for gone in line.put(frame(camera, number))
    )


def names(frames: Iterable[Frame]) -> list[str]:
    return [f"{found.camera}/{found.offset}" for found in frames]


def pop_all(line: FairShare) -> list[str]:
    return names(line.pop() for _ in range(len(line)))


def line(max_frames: int = 100, max_bytes: int = 1000) -> FairShare:
    return FairShare(max_frames, max_bytes)


def test_cameras_take_turns_each_with_its_oldest_frame() -> None:
    waiting = line()
    put(waiting, "busy", "busy", "busy", "calm", "busy", "calm")
    assert pop_all(waiting) == ["busy/0", "calm/3", "busy/1", "calm/5", "busy/2", "busy/4"]


def test_a_camera_that_comes_late_waits_for_one_round_only() -> None:
    waiting = line()
    put(waiting, *["busy"] * 50, *["other"] * 20)
    waiting.pop()
    waiting.put(frame("calm", 99))
    assert pop_all(waiting)[:3] == ["other/50", "busy/1", "calm/99"]


def test_the_oldest_frame_of_the_busiest_camera_gives_way() -> None:
    assert put(line(max_frames=4), "busy", "calm", "busy", "busy", "calm", "busy") == [
        "busy/0",
        "busy/2",
    ]


def test_of_two_busy_cameras_the_one_that_waits_longer_gives_way() -> None:
    assert put(line(max_frames=4), "a", "b", "b", "a", "c") == ["a/0"]


def test_where_each_camera_has_one_frame_the_oldest_gives_way() -> None:
    assert put(line(max_frames=2), "a", "b", "c") == ["a/0"]


def test_bytes_are_bounded_too() -> None:
    waiting = line(max_bytes=10)
    waiting.put(frame("a", 0, size=6))
    assert names(waiting.put(frame("a", 1, size=6))) == ["a/0"]


def test_a_frame_larger_than_all_there_is_room_for_waits_alone() -> None:
    waiting = line(max_bytes=10)
    put(waiting, "a", "b")
    assert names(waiting.put(frame("c", 7, size=99))) == ["a/0", "b/1"]
    assert pop_all(waiting) == ["c/7"]


def test_frames_that_leave_are_told_whether_a_newer_one_of_their_camera_waits() -> None:
    waiting = line()
    put(waiting, "a", "b", "a", "a")
    assert names(waiting.remove(lambda _, superseded: superseded)) == ["a/0", "a/2"]
    assert pop_all(waiting) == ["a/3", "b/1"]


def test_the_oldest_is_the_one_polled_first_whoever_has_the_turn() -> None:
    waiting = line()
    put(waiting, "a", "b", "a")
    waiting.pop()
    waiting.put(frame("b", 8))
    assert waiting.oldest() == 1.0


class FairShareMachine(RuleBasedStateMachine):
    """Any course of events, against a list that is searched from front to back."""

    def __init__(self) -> None:
        super().__init__()
        self.line = FairShare(MAX_FRAMES, MAX_BYTES)
        self.model: list[Frame] = []
        self.put_so_far = 0

    def of(self, camera: str) -> list[Frame]:
        return [waiting for waiting in self.model if waiting.camera == camera]

    @rule(camera=st.sampled_from(CAMERAS), size=st.sampled_from([0, 1, 30, 101]))
    def put(self, camera: str, size: int) -> None:
        added = frame(camera, self.put_so_far, size)
        self.put_so_far += 1
        self.model.append(added)
        for gone in self.line.put(added):
            busiest = max(len(self.of(other)) for other in CAMERAS)
            assert len(self.of(gone.camera)) == busiest, "a camera that is not the busiest gave way"
            assert gone is self.of(gone.camera)[0], "not the oldest of its camera gave way"
            self.model.remove(gone)

    @precondition(lambda self: self.model)
    @rule()
    def pop(self) -> None:
        popped = self.line.pop()
        assert popped is self.of(popped.camera)[0], "not the oldest of its camera was taken"
        self.model.remove(popped)

    @rule(camera=st.sampled_from(CAMERAS))
    def remove(self, camera: str) -> None:
        gone = self.line.remove(lambda waiting, _: waiting.camera == camera)
        assert names(gone) == names(self.of(camera))
        self.model = [waiting for waiting in self.model if waiting.camera != camera]

    @invariant()
    def what_waits_is_bounded_and_nothing_else_than_what_was_put(self) -> None:
        assert len(self.line) == len(self.model) <= MAX_FRAMES
        held = sum(waiting.size for waiting in self.model)
        assert held <= MAX_BYTES or len(self.model) == 1


TestFairShareUnderAnyCourseOfEvents = FairShareMachine.TestCase
TestFairShareUnderAnyCourseOfEvents.settings = settings(max_examples=60, stateful_step_count=40)


def served(rates: Mapping[str, int], capacity: int, seconds: int) -> "Counter[str]":
    """How many frames of each camera are taken, at so many frames a second of each and in all."""
    waiting, taken = line(max_frames=4 * len(rates)), Counter[str]()
    arrivals = deque(
        sorted(
            ((number + phase / len(rates)) / rate, camera)
            for phase, (camera, rate) in enumerate(rates.items())
            for number in range(rate * seconds)
        )
    )
    for turn in range(capacity * seconds):
        while arrivals and arrivals[0][0] <= turn / capacity:
            at, camera = arrivals.popleft()
            waiting.put(replace(make_frame(polled=at), camera=camera))
        if len(waiting):
            taken[waiting.pop().camera] += 1
    return taken


def max_min_share(rates: Mapping[str, int], capacity: int) -> dict[str, float]:
    """Frames a second of each camera: who wants less than an equal part leaves it to the others."""
    shares: dict[str, float] = {}
    left, cameras = float(capacity), sorted(rates, key=rates.__getitem__)
    for number, camera in enumerate(cameras):
        shares[camera] = min(rates[camera], left / (len(cameras) - number))
        left -= shares[camera]
    return shares


@pytest.mark.parametrize("capacity", [20, 45, 90])
def test_a_camera_at_30_frames_a_second_does_not_starve_thirty_at_one(capacity: int) -> None:
    rates = {"busy": 30} | {f"calm-{number}": 1 for number in range(30)}
    taken, shares = served(rates, capacity, 150), max_min_share(rates, capacity)
    for camera in rates:
        assert taken[camera] == pytest.approx(150 * shares[camera], rel=0.1), camera


@given(
    rates=st.lists(st.sampled_from([1, 2, 5, 10, 30]), min_size=2, max_size=8),
    capacity=st.integers(4, 60),
)
@settings(max_examples=40, deadline=None)
def test_every_camera_gets_its_max_min_fair_share(rates: list[int], capacity: int) -> None:
    wanted = {f"gate-{number}": rate for number, rate in enumerate(rates)}
    taken, shares = served(wanted, capacity, 30), max_min_share(wanted, capacity)
    for camera in wanted:
        assert taken[camera] == pytest.approx(30 * shares[camera], rel=0.1, abs=2), camera
