"""Outcomes go out in order, until the broker has acknowledged each, whatever happens to it."""

from collections.abc import Iterator
from threading import Thread

import pytest

from edge.pipeline import publish
from tests.frames import OTHER, PARTITION, classified, dead, skipped
from tests.unit.publishing import DEAD_LETTERS, RESULTS, Publishing, SlowKafka


@pytest.fixture
def work() -> Iterator[Publishing]:
    with Publishing() as made:
        yield made


# Order


def test_outcomes_go_out_in_offset_order_whatever_the_order_of_their_batches(
    work: Publishing,
) -> None:
    frames = work.taken(0, 1, 2, 3)
    work.put(classified(frames[3]), classified(frames[1]))
    work.put(dead(frames[0]))
    work.put(classified(frames[2]))
    sent = work.broker.got("0/0", "0/1", "0/2", "0/3")
    assert [each.message.topic for each in sent] == [DEAD_LETTERS, RESULTS, RESULTS, RESULTS]


def test_a_slow_frame_holds_up_its_own_partition_only(work: Publishing) -> None:
    slow, fast = work.taken(0, 1)
    work.put(classified(fast))
    work.classify(7, partition=OTHER)
    work.broker.got("1/7")
    work.put(classified(slow))
    work.broker.got("1/7", "0/0", "0/1")


# What may be committed


def test_only_what_the_broker_has_acknowledged_may_be_committed(work: Publishing) -> None:
    work.classify(4, 5, 6)
    first, second, third = work.broker.got("0/4", "0/5", "0/6")
    assert work.position() is None
    second.answer(None)
    assert work.position() is None
    first.answer(None)
    assert work.position() == 6
    third.answer(None)
    assert work.position() == 7


def test_an_acknowledged_frame_is_counted_and_no_longer_under_way(work: Publishing) -> None:
    frames = work.taken(0, 1)
    work.put(classified(frames[0]), dead(frames[1]))
    first, second = work.broker.got("0/0", "0/1")
    assert (work.under_way(), work.count("classified")) == (2, 0)
    first.answer(None)
    assert (work.under_way(), work.count("classified")) == (1, 1)
    second.answer(None)
    assert (work.under_way(), work.count("dead-lettered")) == (0, 1)
    assert [frame.stamps.acknowledged for frame in frames] == [102.0, 102.0]


# A partition that was given back


def test_a_frame_whose_partition_was_given_back_is_left_to_its_new_owner(work: Publishing) -> None:
    frames = work.taken(0, 1)
    work.assignments.forget([PARTITION])
    work.put(*map(classified, frames))
    work.classify(7, partition=OTHER)
    work.broker.got("1/7")
    assert work.under_way() == 0


def test_an_acknowledgement_from_an_earlier_assignment_moves_nothing(work: Publishing) -> None:
    work.classify(0)
    (sent,) = work.broker.got("0/0")
    work.assignments.forget([PARTITION])
    work.assignments.assign([PARTITION])
    work.taken(0)
    sent.answer(None)
    assert work.position() is None
    assert work.under_way() == 1


# Bounds


def test_no_more_records_are_under_way_than_the_bound() -> None:
    with Publishing(under_way=2) as work:
        work.classify(0, 1, 2, 3)
        first, second = work.broker.got("0/0", "0/1")
        second.answer(None)
        work.broker.got("0/0", "0/1", "0/2")
        first.answer(None)
        work.broker.got("0/0", "0/1", "0/2", "0/3")


def test_a_session_waits_while_the_stage_is_behind() -> None:
    work = Publishing(batches=1)
    frames = work.taken(0, 1)
    work.put(classified(frames[0]))
    session = Thread(target=lambda: work.put(classified(frames[1])), daemon=True)
    session.start()
    session.join(0.01)
    assert session.is_alive()
    with work:
        session.join()
        work.broker.got("0/0", "0/1")


def test_nobody_waits_for_a_stage_that_was_abandoned() -> None:
    work = Publishing(batches=1)
    work.stage.abandon()
    for frame in work.taken(0, 1, 2):
        work.put(classified(frame))


# The end


def test_what_was_handed_over_before_the_end_still_goes_out() -> None:
    work = Publishing()
    work.classify(0)
    work.classify(1)
    work.stage.finish()
    with work:
        for sent in work.broker.got("0/0", "0/1"):
            sent.answer(None)
        assert work.crew.join(60) == []
    assert work.position() == 2


def test_the_stage_ends_once_everything_is_acknowledged(work: Publishing) -> None:
    work.classify(0, 1)
    work.stage.finish()
    sent = work.broker.got("0/0", "0/1")
    sent[0].answer(None)
    assert work.crew.join(0.01) == [publish.NAME]
    sent[1].answer(None)
    assert work.crew.join(60) == []
    assert work.position() == 2


def test_the_stage_does_not_end_before_the_last_acknowledgement_is_in_the_ledger() -> None:
    kafka = SlowKafka()
    with Publishing(kafka.clock) as work:
        work.classify(0)
        kafka.begin_to_acknowledge(work.broker.got("0/0")[0])
        work.stage.finish()
        ended_early = work.crew.join(0.01) == []
        kafka.go_on()
        assert work.crew.join(60) == []
    assert not ended_early
    assert work.position() == 1


def test_an_abandoned_stage_ends_though_the_broker_is_silent(work: Publishing) -> None:
    work.classify(0)
    work.broker.got("0/0")
    work.stage.abandon()
    assert work.crew.join(60) == []
    assert work.position() is None


def test_what_is_offered_is_taken_where_there_is_room_and_never_waited_for() -> None:
    with Publishing(batches=1) as work:
        stage = work.stage
        (frame,) = work.taken(0)
        assert stage.offer([skipped(frame)])
        (sent,) = work.broker.got("0/0")
        assert sent.message.topic == "frames.skipped"
    assert stage.offer([])
    assert not stage.offer([])
