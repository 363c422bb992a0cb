"""Partitions are given back with all that is finished committed, and nothing that waits."""

from collections.abc import Iterator
from threading import Thread

import pytest

from deploy.bundle.errors import Unavailable
from edge.record import Record
from tests.frames import OTHER, PARTITION
from tests.unit.polling import Polling, many, record


@pytest.fixture
def work() -> Polling:
    return Polling()


def test_a_partition_to_be_given_back_waits_for_its_taken_frames_only(work: Polling) -> None:
    work.run(many(6))
    taken = work.intake.take(0)
    waiting = work.stage.draining((PARTITION,))
    assert work.waiting() == []
    assert work.ledger().in_flight == len(taken) == 4
    assert waiting()
    work.finish(*taken)
    assert not waiting()
    assert work.stage.positions((PARTITION,)) == {PARTITION: 4}


def test_a_partition_to_be_given_back_takes_no_new_frame(work: Polling) -> None:
    work.stage.assigned((OTHER,))
    work.stage.draining((PARTITION,))
    work.run([record(0), record(7, OTHER)])
    assert [frame.partition for frame in work.waiting()] == [OTHER]
    assert work.ledger().in_flight == 0


def test_frames_that_do_not_finish_within_the_budget_are_not_waited_for(work: Polling) -> None:
    work.run(many(1))
    work.waiting()
    waiting = work.stage.draining((PARTITION,))
    work.clock.now += 2.9
    assert waiting()
    work.clock.now += 0.2
    assert not waiting()
    assert work.stage.positions((PARTITION,)) == {}


def test_a_partition_without_frames_is_given_back_at_once(work: Polling) -> None:
    assert not work.stage.draining((PARTITION,))()


def test_draining_one_partition_does_not_wait_for_another(work: Polling) -> None:
    work.stage.assigned((OTHER,))
    work.run([record(0), record(7, OTHER)])
    frames = work.waiting()
    waiting = work.stage.draining((PARTITION,))
    work.finish(*[frame for frame in frames if frame.partition == PARTITION])
    assert not waiting()
    assert work.assignments.accepting(OTHER) is not None


def test_a_lost_partition_takes_its_waiting_frames_along(work: Polling) -> None:
    work.stage.assigned((OTHER,))
    work.run([record(0), record(7, OTHER)])
    assert work.metric("partitions_assigned") == 2
    work.stage.gone((PARTITION,))
    assert [frame.partition for frame in work.waiting()] == [OTHER]
    assert work.metric("partitions_assigned") == 1


def test_a_partition_that_comes_back_does_not_wait_for_what_was_lost_with_it(
    work: Polling,
) -> None:
    work.run(many(1))
    work.waiting()
    work.stage.gone((PARTITION,))
    work.stage.assigned((PARTITION,))
    assert not work.stage.draining((PARTITION,))()


def test_frames_that_are_taken_in_meanwhile_are_taken_back_too(work: Polling) -> None:
    work.run(many(2))
    troubles: list[Exception] = []

    def withdraw() -> None:
        try:
            work.stage.withdraw((PARTITION,))
        except ValueError as error:
            troubles.append(error)

    other = Thread(target=withdraw)

    class Interrupting(list[Record]):
        """Somebody withdraws while these records become frames."""

        def __iter__(self) -> Iterator[Record]:
            yield self[0]
            other.start()
            other.join(0.01)
            yield self[1]

    work.run(Interrupting(many(2, start=2)))
    other.join()
    assert troubles == []
    assert work.waiting() == []
    assert work.ledger().in_flight == 0


# Stopping


def test_what_is_finished_is_committed_before_the_group_is_left(work: Polling) -> None:
    work.run(many(3))
    work.finish(*work.waiting()[:2])
    work.stage.withdraw_all()
    work.stage.finish()
    assert work.source.commits == [{PARTITION: 2}]
    assert work.source.told == ["close"]
    assert work.assignments.uncommitted([PARTITION]) == {}


def test_the_group_is_left_though_the_last_commit_fails(work: Polling) -> None:
    work.run(many(1))
    work.finish(*work.waiting())
    work.source.commit_trouble = Unavailable("no broker")
    work.stage.finish()
    assert work.source.told == ["close"]


def test_nothing_is_committed_where_nothing_is_finished(work: Polling) -> None:
    work.run(many(1))
    work.stage.finish()
    assert (work.source.commits, work.source.told) == ([], ["close"])
