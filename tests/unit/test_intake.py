"""The queue between polling and inference: bounded, oldest first, and open to second thoughts."""

from threading import Thread

import pytest

from deploy.engines.protocol import CostCurve
from edge.batching import Batcher
from edge.frame import Frame, Partition
from edge.pipeline.intake import Intake
from tests.clock import Clock
from tests.frames import OTHER, PARTITION, make_frame
from tests.waiting import wait_until


def intake(
    *,
    max_frames: int = 8,
    max_bytes: int = 1000,
    max_batch: int = 4,
    budget: float = 10.0,
    clock: Clock | None = None,
) -> Intake:
    cost = CostCurve(((1, 0.1), (8, 0.2)))
    batcher = Batcher(cost, max_batch, budget)
    return Intake(batcher, max_frames=max_frames, max_bytes=max_bytes, clock=clock or Clock())


def frames(*offsets: int, partition: Partition = PARTITION, size: int = 10) -> list[Frame]:
    polled = Clock().now
    return [make_frame(offset, partition, value=bytes(size), polled=polled) for offset in offsets]


def room(queue: Intake) -> tuple[bool, bool]:
    return queue.has_room, queue.half_empty


def offsets(taken: list[Frame]) -> list[int]:
    return [frame.offset for frame in taken]


def test_frames_are_taken_oldest_first_in_batches() -> None:
    queue = intake()
    queue.put(frames(0, 1, 2, 3, 4, 5))
    assert offsets(queue.take(0)) == [0, 1, 2]
    assert offsets(queue.take(0)) == [3, 4, 5]


def test_a_session_that_waits_in_vain_gets_nothing() -> None:
    assert intake().take(0) == []


def test_a_waiting_session_wakes_up_for_a_frame() -> None:
    queue = intake()
    taken: list[Frame] = []
    session = Thread(target=lambda: taken.extend(queue.take(60)))
    session.start()
    queue.put(frames(7))
    session.join()
    assert offsets(taken) == [7]


def test_sessions_that_wait_share_what_comes() -> None:
    queue = intake(max_batch=8)
    taken: list[list[Frame]] = []
    sessions = [Thread(target=lambda: taken.append(queue.take(60))) for _ in range(3)]
    for session in sessions:
        session.start()
    wait_until(lambda: queue._idle == len(sessions))
    queue.put(frames(0, 1, 2, 3, 4, 5))
    for session in sessions:
        session.join()
    assert sorted(map(len, taken)) == [2, 2, 2]
    assert sorted(offset for batch in taken for offset in offsets(batch)) == [0, 1, 2, 3, 4, 5]


def test_the_age_of_the_oldest_frame_bounds_the_batch() -> None:
    clock = Clock()
    queue = intake(budget=0.5, clock=clock)
    queue.put([make_frame(0, polled=clock.now)])
    clock.now += 0.38
    queue.put(make_frame(offset, polled=clock.now) for offset in (1, 2, 3))
    assert offsets(queue.take(0)) == [0, 1]


@pytest.mark.parametrize(
    ("waiting", "size", "has_room", "half_empty"),
    [
        (0, 10, True, True),
        (4, 10, True, True),
        (5, 10, True, False),
        (7, 10, True, False),
        (8, 10, False, False),
        (9, 10, False, False),
        (2, 250, True, True),
        (3, 250, True, False),
        (4, 250, False, False),
        (1, 2000, False, False),
    ],
)
def test_room_is_bounded_by_frames_and_by_bytes(
    waiting: int, size: int, has_room: bool, half_empty: bool
) -> None:
    queue = intake(max_frames=8, max_bytes=1000)
    queue.put(frames(*range(waiting), size=size))
    assert room(queue) == (has_room, half_empty)


def test_room_comes_back_as_frames_are_taken_and_withdrawn() -> None:
    queue = intake(max_frames=100, max_bytes=60)
    queue.put(frames(0, 1, 2, 3))
    queue.put(frames(0, 1, partition=OTHER))
    assert room(queue) == (False, False)
    queue.withdraw([OTHER])
    assert room(queue) == (True, False)
    queue.take(0)
    assert room(queue) == (True, True)


def test_a_frame_without_bytes_takes_room_too() -> None:
    queue = intake(max_frames=2)
    queue.put([make_frame(0, value=None), make_frame(1, value=None)])
    assert not queue.has_room


def test_withdrawn_frames_are_those_that_nobody_took() -> None:
    queue = intake(max_batch=2)
    queue.put(frames(0, 1, 2, 3))
    queue.put(frames(8, partition=OTHER))
    assert offsets(queue.take(0)) == [0, 1]
    assert queue.withdraw([PARTITION]) == {PARTITION: [2, 3]}
    assert queue.withdraw([PARTITION]) == {}
    assert offsets(queue.take(0)) == [8]


def test_suspects_wait_in_a_line_of_their_own_and_are_taken_one_by_one() -> None:
    queue = intake()
    first, second, other = frames(0, 1, 2)
    first.suspect = second.suspect = True
    queue.put([first, second, other])
    assert offsets(queue.take(0)) == [2]
    assert [offsets(queue.take_suspect(0)) for _ in range(3)] == [[0], [1], []]


def test_suspects_count_for_the_room_and_are_taken_back_like_others() -> None:
    queue = intake(max_frames=2)
    suspects = frames(0, 1)
    for frame in suspects:
        frame.suspect = True
    queue.put(suspects)
    assert room(queue) == (False, False)
    assert queue.withdraw([PARTITION]) == {PARTITION: [0, 1]}
    assert room(queue) == (True, True)
