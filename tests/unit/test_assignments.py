"""Which partitions are ours now, and that a ledger ends with its assignment."""

from edge.assignments import Assignments
from edge.frame import Frame
from edge.suspicion import Suspicion
from tests.frames import OTHER, PARTITION, classified, make_frame


def deliver(assignments: Assignments, offset: int) -> Frame:
    """A frame of `PARTITION`, as the poll stage takes it in."""
    assignment = assignments.accepting(PARTITION)
    assert assignment is not None
    assignment.ledger.deliver(offset)
    return make_frame(offset, assignment=assignment.number)


def finish(assignments: Assignments, frame: Frame) -> None:
    ledger = assignments.ledger_of(frame)
    assert ledger is not None
    ledger.decide(classified(frame))
    ledger.acknowledge(frame.offset)


def owning() -> Assignments:
    assignments = Assignments()
    assignments.assign([PARTITION, OTHER])
    return assignments


def test_a_partition_is_ours_from_its_assignment_until_it_is_gone() -> None:
    assignments = Assignments()
    assert assignments.accepting(PARTITION) is None
    assignments.assign([PARTITION, OTHER])
    assert set(assignments.partitions()) == {PARTITION, OTHER}
    assignments.forget([PARTITION])
    assert assignments.accepting(PARTITION) is None
    assert assignments.partitions() == (OTHER,)


def test_a_draining_partition_takes_no_new_frame_and_finishes_the_others() -> None:
    assignments = owning()
    frame = deliver(assignments, 4)
    assignments.drain([PARTITION])
    assert assignments.accepting(PARTITION) is None
    finish(assignments, frame)
    assert assignments.uncommitted([PARTITION]) == {PARTITION: 5}


def test_draining_one_partition_leaves_the_others_alone() -> None:
    assignments = owning()
    assignments.drain([PARTITION])
    assert assignments.accepting(OTHER) is not None


def test_a_frame_of_an_earlier_assignment_has_no_ledger_any_more() -> None:
    assignments = owning()
    frame = deliver(assignments, 4)
    assignments.forget([PARTITION])
    assert assignments.ledger_of(frame) is None
    assignments.assign([PARTITION])
    assert assignments.ledger_of(frame) is None
    again = deliver(assignments, 4)
    assert assignments.ledger_of(again) is not None


def test_each_assignment_has_a_number_of_its_own() -> None:
    assignments = owning()
    first = [assignments.accepting(partition) for partition in (PARTITION, OTHER)]
    assignments.forget([PARTITION])
    assignments.assign([PARTITION])
    numbers = [found.number for found in (*first, assignments.accepting(PARTITION)) if found]
    assert len(set(numbers)) == 3


def test_only_positions_that_moved_are_to_be_committed() -> None:
    assignments = owning()
    assert assignments.uncommitted([PARTITION, OTHER]) == {}
    finish(assignments, deliver(assignments, 4))
    assert assignments.uncommitted([PARTITION, OTHER]) == {PARTITION: 5}
    assignments.note_committed({PARTITION: 5})
    assert assignments.uncommitted([PARTITION, OTHER]) == {}
    finish(assignments, deliver(assignments, 5))
    assert assignments.uncommitted([PARTITION]) == {PARTITION: 6}


def test_a_commit_that_is_answered_late_does_not_take_a_newer_one_back() -> None:
    assignments = owning()
    finish(assignments, deliver(assignments, 4))
    finish(assignments, deliver(assignments, 5))
    assignments.note_committed({PARTITION: 6})
    assignments.note_committed({PARTITION: 5})
    assert assignments.uncommitted([PARTITION]) == {}


def test_a_partition_that_is_gone_has_nothing_to_commit() -> None:
    assignments = owning()
    finish(assignments, deliver(assignments, 4))
    assignments.forget([PARTITION])
    assert assignments.uncommitted([PARTITION]) == {}
    assignments.note_committed({PARTITION: 5})
    assignments.withdraw(PARTITION, [5])
    assert assignments.partitions() == (OTHER,)


def test_the_next_assignment_starts_without_a_position() -> None:
    assignments = owning()
    finish(assignments, deliver(assignments, 4))
    assignments.note_committed({PARTITION: 5})
    assignments.forget([PARTITION])
    assignments.assign([PARTITION])
    assert assignments.uncommitted([PARTITION]) == {}
    finish(assignments, deliver(assignments, 4))
    assert assignments.uncommitted([PARTITION]) == {PARTITION: 5}


def test_withdrawn_frames_do_not_hold_the_position_up() -> None:
    assignments = owning()
    frame = deliver(assignments, 4)
    deliver(assignments, 5)
    assignments.withdraw(PARTITION, [5])
    finish(assignments, frame)
    ledger = assignments.ledger_of(frame)
    assert ledger is not None
    assert ledger.in_flight == 0


def test_after_a_cut_frames_come_again_from_the_first_that_is_not_done() -> None:
    assignments = owning()
    done, under_way = deliver(assignments, 4), deliver(assignments, 5)
    finish(assignments, done)
    assert assignments.renew(PARTITION, 9) == 5
    assert assignments.ledger_of(under_way) is None
    finish(assignments, deliver(assignments, 5))
    assert assignments.uncommitted([PARTITION]) == {PARTITION: 6}


def test_after_a_cut_below_what_is_done_the_position_goes_back() -> None:
    assignments = owning()
    for offset in (4, 5, 6):
        finish(assignments, deliver(assignments, offset))
    assignments.note_committed({PARTITION: 7})
    assert assignments.renew(PARTITION, 0) == 0
    finish(assignments, deliver(assignments, 0))
    assert assignments.uncommitted([PARTITION]) == {PARTITION: 1}


def test_a_cut_of_what_nothing_was_read_from_goes_back_to_where_it_was_taken_up() -> None:
    assignments = owning()
    assignments.take_up(PARTITION, 3, Suspicion())
    assert assignments.renew(PARTITION, 9) == 3
    assert assignments.renew(OTHER, 9) == 9


def test_a_cut_keeps_nobody_from_giving_a_partition_back() -> None:
    assignments = owning()
    assignments.drain([PARTITION])
    assignments.renew(PARTITION, 0)
    assert assignments.accepting(PARTITION) is None
    assignments.forget([PARTITION])
    assert assignments.renew(PARTITION, 2) == 2
    assert PARTITION not in assignments.partitions()
