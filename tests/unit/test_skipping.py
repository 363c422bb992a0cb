"""Frames that no session sees: late ones, those that gave way, those that retention deleted."""

from unittest.mock import patch

import pytest

from edge.cloudevents import format_time
from edge.frame import UNKNOWN_CAMERA
from edge.freshness import Freshness
from edge.pipeline import poll
from edge.record import Record
from tests.frames import PARTITION, classified
from tests.unit.polling import WALL, Polling, many, record


def told(work: Polling) -> list[tuple[int, str]]:
    return [(skipped.frame.offset, skipped.reason) for skipped in work.skipped]


def of(camera: str, *offsets: int) -> list[Record]:
    return [record(offset, key=camera.encode(), timestamp=WALL) for offset in offsets]


def lost(first: int, last: int) -> Record:
    return Record(PARTITION, last, 0.0, None, None, (), lost_from=first)


# Late ones


def test_a_frame_that_comes_late_is_skipped_before_any_session_sees_it() -> None:
    work = Polling(freshness=Freshness(2.0))
    work.run([record(0, timestamp=WALL - 9), record(1, timestamp=WALL - 1)])
    assert told(work) == [(0, "expired")]
    assert [frame.offset for frame in work.waiting()] == [1]
    assert work.ledger().in_flight == 2


def test_a_frame_that_waits_until_it_is_late_is_skipped_where_it_waits() -> None:
    work = Polling(freshness=Freshness(2.0))

    def time_passes() -> None:
        work.clock.now += 1.5

    work.run([record(0, timestamp=WALL - 1)], time_passes, [record(1, timestamp=WALL)])
    assert told(work) == [(0, "expired")]
    assert [frame.offset for frame in work.waiting()] == [1]


def test_age_by_the_cameras_clock_counts_only_where_it_is_asked_for() -> None:
    captured = (("ce_time", format_time(WALL - 60).encode()),)
    for age_from, expired in (("record", []), ("capture", [(0, "expired")])):
        work = Polling(freshness=Freshness(2.0, "capture" if age_from == "capture" else "record"))
        work.run([record(0, timestamp=WALL, headers=captured)])
        assert told(work) == expired, age_from


@pytest.mark.parametrize("time", [b"yesterday", format_time(WALL + 60).encode()])
def test_a_capture_time_that_cannot_be_believed_makes_no_frame_older(time: bytes) -> None:
    work = Polling(freshness=Freshness(2.0, "capture"))
    work.run([record(0, timestamp=WALL - 1, headers=(("ce_time", time),))])
    assert told(work) == []


def test_a_skipped_frame_holds_no_picture() -> None:
    work = Polling(freshness=Freshness(2.0))
    work.run([record(0, timestamp=WALL - 9, value=bytes(1000))])
    assert [skipped.frame.value for skipped in work.skipped] == [None]


# Those that give way


def test_under_shed_the_oldest_frame_of_the_busiest_camera_gives_way() -> None:
    work = Polling(queue_frames=3, overload="shed")
    work.run(of("busy", 0, 1), of("calm", 2), of("busy", 3))
    assert told(work) == [(0, "shed")]
    assert [frame.offset for frame in work.waiting()] == [1, 2, 3]


def test_under_shed_polling_never_pauses_for_a_full_intake() -> None:
    work = Polling(queue_frames=3, overload="shed")
    work.run(*[many(4, start=4 * number) for number in range(5)])
    assert work.source.told == []
    assert len(work.skipped) == 17


def test_under_shed_a_frame_does_not_wait_to_its_last_moment_where_a_newer_one_waits() -> None:
    work = Polling(overload="shed", freshness=Freshness(2.0))

    def time_passes() -> None:
        work.clock.now += 1.5

    work.run(of("busy", 0, 1), of("calm", 2), time_passes)
    assert told(work) == [(0, "shed")]


def test_outcomes_held_up_by_one_slow_frame_pause_polling_so_that_memory_stays_bounded() -> None:
    work = Polling(queue_frames=2, overload="shed")
    with patch.object(poll, "_MAX_IN_FLIGHT", 10):
        work.run(*[many(4, start=4 * number) for number in range(3)], [])
        assert work.source.told == ["pause"]
        for skipped in work.skipped[:7]:
            ledger = work.ledger()
            ledger.decide(skipped)
            ledger.acknowledge(skipped.frame.offset)
        work.run([], [])
    assert work.source.told == ["pause", "resume"]


def test_outcomes_for_which_publishing_has_no_room_are_offered_again() -> None:
    work = Polling(queue_frames=1, overload="shed")
    work.publishing_has_room = False
    work.run(many(3))
    assert told(work) == []
    work.publishing_has_room = True
    work.run(many(1, start=3))
    assert told(work) == [(0, "shed"), (1, "shed"), (2, "shed")]


# Those that retention deleted


def test_frames_deleted_unread_are_skipped_by_every_offset_and_delivered_in_their_order() -> None:
    work = Polling()
    work.run([lost(3, 6)], [record(9)])
    (skipped,) = work.skipped
    assert (skipped.reason, list(skipped.offsets)) == ("aged-out", [3, 4, 5, 6])
    assert (skipped.frame.camera, skipped.frame.partition) == (UNKNOWN_CAMERA, PARTITION)
    assert [frame.offset for frame in work.waiting()] == [9]
    assert work.ledger().decide(skipped) == (skipped,)
    work.ledger().acknowledge(6)
    assert work.assignments.uncommitted([PARTITION]) == {PARTITION: 7}


def test_frames_deleted_unread_of_a_partition_that_was_given_back_are_left_to_its_owner() -> None:
    work = Polling()
    work.stage.gone((PARTITION,))
    work.run([lost(3, 6)])
    assert work.skipped == []


# Giving back


def test_cameras_that_take_turns_leave_nothing_behind_when_a_partition_is_given_back() -> None:
    work = Polling(overload="shed")
    work.run(of("busy", 0, 1, 2, 3, 4), of("calm", 5))
    taken = {frame.offset: frame for frame in work.intake.take(0)}
    assert list(taken) == [0, 5, 1, 2]
    waiting = work.stage.draining((PARTITION,))
    assert work.waiting() == []
    assert waiting()
    work.finish(taken[0], taken[1], taken[2])
    assert not waiting()
    assert work.stage.positions((PARTITION,)) == {PARTITION: 3}
    assert work.ledger().decide(classified(taken[5])) == ()
