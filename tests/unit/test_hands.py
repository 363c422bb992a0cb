"""A session that does not come back is known, with the frame that it is at."""

import pytest

from edge.frame import Frame
from edge.pipeline.hands import Hands
from tests.clock import Clock
from tests.frames import OTHER, PARTITION, make_frame


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hands(clock: Clock) -> Hands:
    return Hands(clock)


def batch(decoded: int, count: int = 3) -> list[Frame]:
    """So many frames are decoded, and the next one is being decoded."""
    frames = [make_frame(offset) for offset in range(count)]
    for number, frame in enumerate(frames[: decoded + 1]):
        frame.stamps.taken = 101.0 + number
        frame.stamps.decoded = 101.5 + number if number < decoded else 0.0
    return frames


def test_a_session_that_is_quick_is_not_stuck(hands: Hands, clock: Clock) -> None:
    hands.take("infer-0", batch(0))
    clock.now += 30
    assert hands.stuck(30) == {}


def test_the_frame_that_is_being_decoded_is_named(hands: Hands, clock: Clock) -> None:
    hands.take("infer-0", batch(decoded=1))
    clock.now += 31
    assert {name: frame.offset for name, frame in hands.stuck(30).items()} == {"infer-0": 1}


def test_a_batch_that_hangs_in_the_engine_is_named_by_its_first_frame(
    hands: Hands, clock: Clock
) -> None:
    hands.take("infer-0", batch(decoded=3))
    clock.now += 31
    assert hands.stuck(30)["infer-0"].offset == 0


def test_a_frame_that_is_decoded_once_more_counts_as_being_decoded(
    hands: Hands, clock: Clock
) -> None:
    frames = batch(decoded=3)
    frames[0].stamps.decoded, frames[1].stamps.taken = 110.0, 111.0
    hands.take("infer-0", frames)
    clock.now += 31
    assert hands.stuck(30)["infer-0"].offset == 1


def test_who_waits_for_somebody_else_is_not_stuck(hands: Hands, clock: Clock) -> None:
    hands.take("infer-0", batch(0))
    clock.now += 31
    hands.still("infer-0")
    hands.still("infer-1")
    assert hands.stuck(30) == {}


def test_what_is_put_down_is_held_no_more(hands: Hands, clock: Clock) -> None:
    hands.take("infer-0", batch(0))
    hands.put_down("infer-0")
    clock.now += 31
    assert hands.stuck(30) == {}
    assert hands.hold([PARTITION], 0) == set()


def test_partitions_whose_frames_are_held_for_long_are_known(hands: Hands, clock: Clock) -> None:
    hands.take("infer-0", [make_frame(1), make_frame(2, OTHER)])
    assert hands.hold([PARTITION, OTHER], 0) == {PARTITION, OTHER}
    assert hands.hold([PARTITION], 3) == set()
    clock.now += 3
    assert hands.hold([PARTITION], 3) == {PARTITION}
