"""A partition that is given back in order brings its next owner no suspects; any other does."""

import pytest

from deploy.bundle.errors import Unavailable
from edge.suspicion import Suspicion
from tests.frames import OTHER, PARTITION, make_frame
from tests.unit.polling import Polling, many, record

CLEAN = Suspicion()


@pytest.fixture
def work() -> Polling:
    return Polling()


def test_frames_below_the_inherited_offset_wait_for_whoever_tries_them_alone(
    work: Polling,
) -> None:
    work.stage.taken_up(PARTITION, 0, Suspicion(deaths=1, before=2))
    work.run(many(4))
    assert [frame.offset for frame in work.waiting()] == [2, 3]
    assert [work.intake.take_suspect(0)[0].offset for _ in range(2)] == [0, 1]
    assert work.intake.take_suspect(0) == []


def test_a_partition_that_is_given_back_with_nothing_in_hand_leaves_no_note(work: Polling) -> None:
    work.stage.taken_up(PARTITION, 7, CLEAN)
    assert work.stage.left((PARTITION,)) == {PARTITION: 7}


def test_the_note_is_taken_back_beside_the_newest_position(work: Polling) -> None:
    work.stage.taken_up(PARTITION, 0, CLEAN)
    work.run(many(3))
    work.finish(*work.waiting())
    assert work.stage.left((PARTITION,)) == {PARTITION: 3}


def test_a_partition_that_was_never_taken_up_has_no_note_to_take_back(work: Polling) -> None:
    work.stage.assigned((OTHER,))
    work.stage.taken_up(PARTITION, 7, CLEAN)
    assert work.stage.left((PARTITION, OTHER)) == {PARTITION: 7}


def test_a_partition_that_was_given_back_before_it_was_taken_up_is_nobodys(work: Polling) -> None:
    work.stage.gone((PARTITION,))
    work.stage.taken_up(PARTITION, 7, CLEAN)
    assert work.stage.left((PARTITION,)) == {}


def test_suspects_that_were_not_tried_are_left_to_the_next_owner(work: Polling) -> None:
    work.stage.taken_up(PARTITION, 0, Suspicion(deaths=1, before=2))
    work.run(many(4))
    first, second = (work.intake.take_suspect(0)[0] for _ in range(2))
    work.finish(first)
    assert work.stage.left((PARTITION,)) == {}
    work.finish(second)
    assert work.stage.left((PARTITION,)) == {PARTITION: 2}


def test_a_frame_that_a_session_is_stuck_on_stays_under_suspicion(work: Polling) -> None:
    work.stage.assigned((OTHER,))
    work.stage.taken_up(PARTITION, 0, CLEAN)
    work.stage.taken_up(OTHER, 0, CLEAN)
    work.hands.take("infer-0", [make_frame(0)])
    assert work.stage.left((PARTITION, OTHER)) == {PARTITION: 0, OTHER: 0}
    work.clock.now += 3
    assert work.stage.left((PARTITION, OTHER)) == {OTHER: 0}


def test_whoever_stops_with_frames_in_hand_leaves_them_under_suspicion(work: Polling) -> None:
    work.stage.taken_up(PARTITION, 0, CLEAN)
    work.run(many(3))
    work.hands.take("infer-0", work.waiting())
    work.stage.finish()
    assert (work.source.commits, work.source.left) == ([], [])


def test_a_clean_stop_takes_the_notes_back_though_nothing_moved(work: Polling) -> None:
    work.stage.taken_up(PARTITION, 7, CLEAN)
    work.crew.stop()
    work.stage.finish()
    assert (work.source.commits, work.source.left) == ([{}], [{PARTITION: 7}])


def test_a_note_that_cannot_be_taken_back_does_not_keep_the_member_in_its_group(
    work: Polling,
) -> None:
    work.stage.taken_up(PARTITION, 7, CLEAN)
    work.source.commit_trouble = Unavailable("no broker")
    work.stage.finish()
    assert work.source.told == ["close"]


def test_no_position_is_committed_beside_an_open_transaction(work: Polling) -> None:
    work.stage.taken_up(PARTITION, 0, CLEAN)
    work.run([record(0)])
    work.finish(*work.waiting())
    open_transaction = True
    work.stage._commits, work.stage._transacting = False, lambda: open_transaction
    waiting = work.stage.draining((PARTITION,))
    assert waiting()
    assert work.stage.left((PARTITION,)) == {}
    open_transaction = False
    assert not waiting()
    assert work.stage.left((PARTITION,)) == {PARTITION: 1}
    assert work.stage.positions((PARTITION,)) == {}
