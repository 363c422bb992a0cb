"""Polling goes on whatever the other stages do, and positions are committed."""

import pytest

from deploy.bundle.errors import Fatal, Unavailable
from edge.cloudevents import format_time
from tests.frames import OTHER, PARTITION
from tests.unit.polling import WALL, Polling, many, record


@pytest.fixture
def work() -> Polling:
    return Polling()


# From record to frame


def test_records_become_frames_in_their_order(work: Polling) -> None:
    work.run([record(3), record(5)], [record(9)])
    assert [frame.offset for frame in work.waiting()] == [3, 5, 9]
    assert work.ledger().in_flight == 3


def test_a_frame_keeps_all_that_its_record_holds(work: Polling) -> None:
    headers = (("ce_id", b"abc"), ("traceparent", b"00-1-2-01"), ("x-lens", b"\xff"))
    work.run([record(3, key=b"gate-7", value=b"\xff\xd8", headers=headers)])
    (frame,) = work.waiting()
    assert (frame.partition, frame.key, frame.value) == (PARTITION, b"gate-7", b"\xff\xd8")
    assert (frame.camera, frame.id, frame.traceparent) == ("gate-7", "abc", "00-1-2-01")
    assert frame.headers == headers


@pytest.mark.parametrize(
    ("timestamp", "transport"), [(WALL - 2, 2.0), (WALL + 30, 0.0), (-0.001, 0.0), (0.0, 0.0)]
)
def test_transport_is_the_time_since_the_record_was_appended(
    work: Polling, timestamp: float, transport: float
) -> None:
    work.run([record(0, timestamp=timestamp)])
    (frame,) = work.waiting()
    assert frame.stamps.stages()["transport"] == transport


def test_a_record_without_a_time_was_captured_now(work: Polling) -> None:
    work.run([record(0, timestamp=-0.001)])
    assert work.waiting()[0].captured_at == WALL


@pytest.mark.parametrize(
    ("time", "fault"), [(b"yesterday", "malformed"), (format_time(WALL + 60).encode(), "future")]
)
def test_a_capture_time_that_cannot_be_believed_is_counted(
    work: Polling, time: bytes, fault: str
) -> None:
    work.run([record(0, headers=(("ce_time", time),))])
    assert work.waiting()[0].captured_at == WALL - 2
    assert work.metric("capture_time_faults_total", fault=fault) == 1


def test_the_skew_of_a_cameras_clock_is_measured(work: Polling) -> None:
    work.run([record(0, headers=(("ce_time", format_time(WALL - 5).encode()),)), record(1)])
    assert work.metric("camera_clock_skew_seconds_count") == 1
    assert work.metric("camera_clock_skew_seconds_bucket", le="1.0") == 0
    assert work.metric("camera_clock_skew_seconds_bucket", le="5.0") == 1


def test_a_corrupt_record_is_a_frame_that_says_so(work: Polling) -> None:
    work.run([record(3, value=None, key=None, timestamp=0.0, corrupt="checksum 1, expected 2")])
    (frame,) = work.waiting()
    assert (frame.offset, frame.value, frame.corrupt) == (3, None, "checksum 1, expected 2")


def test_a_record_of_a_partition_that_is_not_ours_is_left_alone(work: Polling) -> None:
    work.run([record(3, OTHER), record(4)])
    assert [frame.offset for frame in work.waiting()] == [4]


# Pausing


def test_a_full_intake_pauses_the_source_which_is_polled_all_the_same() -> None:
    work = Polling(queue_frames=4)
    work.run(many(4), [], [], [])
    assert work.source.told == ["pause"] * 3
    assert len(work.source.polls) == 4
    assert max(work.source.polls[1:]) < work.source.polls[0]


def test_partitions_that_come_while_the_intake_is_full_are_paused_too() -> None:
    work = Polling(queue_frames=4)
    work.run(many(4), lambda: work.stage.assigned((OTHER,)), [])
    assert work.source.told == ["pause", "pause"]


def test_the_source_goes_on_once_the_intake_is_half_empty() -> None:
    work = Polling(queue_frames=8)
    work.run(many(9), [])
    work.intake.take(0)
    assert not work.intake.half_empty
    work.run([])
    assert work.source.told == ["pause"]
    work.intake.take(0)
    work.run([], [])
    assert work.source.told == ["pause", "resume"]


def test_a_source_that_was_never_paused_is_not_resumed(work: Polling) -> None:
    work.run(many(2), [], [])
    assert work.source.told == []


# Failures


def test_a_failed_poll_is_counted_and_tried_again_after_a_pause(work: Polling) -> None:
    work.run(Unavailable("no broker"), Unavailable("no broker"), [record(3)])
    assert [frame.offset for frame in work.waiting()] == [3]
    assert work.metric("reconnects_total", client="consumer") == 2
    assert len(work.crew.waits) == 2


def test_a_source_that_may_never_be_read_ends_the_stage(work: Polling) -> None:
    with pytest.raises(Fatal, match="may not be read"):
        work.run(Fatal("frames may not be read"), [])


# Committing


def test_positions_are_committed_once_they_moved(work: Polling) -> None:
    work.run(many(3))
    work.finish(*work.waiting()[:2])
    work.clock.now += 10
    work.run([])
    assert work.source.commits == [{PARTITION: 2}]
    work.source.answers[0](None)
    work.clock.now += 10
    work.run([])
    assert work.source.commits == [{PARTITION: 2}]


def test_a_commit_that_failed_is_tried_again(work: Polling) -> None:
    work.run(many(1))
    work.finish(*work.waiting())
    work.clock.now += 10
    work.run([])
    work.source.answers[0](ConnectionError("the coordinator moved"))
    work.clock.now += 10
    work.run([])
    assert work.source.commits == [{PARTITION: 1}] * 2


def test_commits_keep_a_distance(work: Polling) -> None:
    work.run(many(2))
    first, second = work.waiting()
    work.clock.now += 10
    work.finish(first)
    work.run([])
    work.finish(second)
    work.run([], [])
    assert work.source.commits == [{PARTITION: 1}]


def test_lag_is_measured_and_forgotten_with_its_partition(work: Polling) -> None:
    work.source.lags = {PARTITION: 17}
    work.run([])
    place = {"topic": PARTITION.topic, "partition": str(PARTITION.number)}
    assert work.metric("consumer_lag_frames", **place) == 17
    work.stage.gone((PARTITION,))
    assert work.metric("consumer_lag_frames", **place) is None
    assert work.source.told == ["forget frames/0"]
