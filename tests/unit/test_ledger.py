"""What may be committed of a partition, and in which order its outcomes go out."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.ledger import Ledger
from edge.outcome import Outcome
from tests.frames import outcome_of


def delivered(*offsets: int) -> Ledger:
    ledger = Ledger()
    for offset in offsets:
        ledger.deliver(offset)
    return ledger


def released(outcomes: tuple[Outcome, ...]) -> list[int]:
    return [outcome.frame.offset for outcome in outcomes]


def test_nothing_may_be_committed_before_the_first_acknowledgement() -> None:
    ledger = delivered(5)
    assert ledger.position is None
    ledger.decide(outcome_of(5))
    assert ledger.position is None


def test_an_outcome_waits_for_those_of_the_frames_before_it() -> None:
    ledger = delivered(3, 4, 5)
    assert released(ledger.decide(outcome_of(5))) == []
    assert released(ledger.decide(outcome_of(4))) == []
    assert released(ledger.decide(outcome_of(3))) == [3, 4, 5]


def test_the_position_is_the_offset_after_the_acknowledged_prefix() -> None:
    ledger = delivered(3, 4, 5)
    for offset in (3, 4, 5):
        ledger.decide(outcome_of(offset))
    ledger.acknowledge(4)
    assert (ledger.position, ledger.in_flight) == (None, 3)
    ledger.acknowledge(3)
    assert (ledger.position, ledger.in_flight) == (5, 1)
    ledger.acknowledge(5)
    assert (ledger.position, ledger.in_flight) == (6, 0)


def test_gaps_in_the_offsets_are_stepped_over() -> None:
    ledger = delivered(3, 17, 90)
    for offset in (3, 17):
        ledger.decide(outcome_of(offset))
        ledger.acknowledge(offset)
    assert (ledger.position, ledger.in_flight) == (18, 1)


@pytest.mark.parametrize("again", [7, 6, 0])
def test_a_frame_that_comes_after_a_newer_one_is_refused(again: int) -> None:
    with pytest.raises(ValueError, match=f"offset {again} came after 7"):
        delivered(5, 7).deliver(again)


def test_a_frame_below_the_position_is_refused_though_nothing_is_in_flight() -> None:
    ledger = delivered(7)
    ledger.decide(outcome_of(7))
    ledger.acknowledge(7)
    with pytest.raises(ValueError, match="offset 7 came after position 8"):
        ledger.deliver(7)
    ledger.deliver(8)


def test_a_frame_has_one_outcome() -> None:
    ledger = delivered(1, 2)
    ledger.decide(outcome_of(2))
    with pytest.raises(ValueError, match="offset 2 was decided before"):
        ledger.decide(outcome_of(2))


def test_a_frame_that_was_never_delivered_has_none() -> None:
    with pytest.raises(KeyError):
        delivered(1).decide(outcome_of(2))


def test_an_outcome_that_has_not_gone_out_cannot_be_acknowledged() -> None:
    ledger = delivered(1, 2)
    ledger.decide(outcome_of(2))
    for offset in (1, 2):
        with pytest.raises(ValueError, match="before its outcome went out"):
            ledger.acknowledge(offset)


def test_withdrawn_frames_are_forgotten_and_may_be_delivered_anew() -> None:
    ledger = delivered(1, 2, 3)
    ledger.withdraw([2, 3])
    assert ledger.in_flight == 1
    ledger.decide(outcome_of(1))
    ledger.acknowledge(1)
    assert ledger.position == 2
    ledger.deliver(2)
    assert released(ledger.decide(outcome_of(2))) == [2]


def test_a_withdrawn_frame_has_no_outcome() -> None:
    ledger = delivered(1, 2)
    ledger.withdraw([2])
    with pytest.raises(KeyError):
        ledger.decide(outcome_of(2))


def test_with_a_withdrawn_frame_go_all_that_came_after_it() -> None:
    ledger = delivered(1, 2, 3, 4)
    ledger.decide(outcome_of(4))
    ledger.withdraw([2])
    assert ledger.in_flight == 1
    assert released(ledger.decide(outcome_of(1))) == [1]
    ledger.acknowledge(1)
    assert ledger.position == 2


def test_the_outcome_of_a_frame_that_was_taken_back_under_way_does_not_go_out() -> None:
    ledger = delivered(1, 2, 3)
    ledger.withdraw([2])
    assert ledger.decide(outcome_of(3)) == ()
    with pytest.raises(KeyError):
        ledger.decide(outcome_of(3))


@pytest.mark.parametrize("offset", [2, 4])
def test_what_is_decided_or_was_never_delivered_cannot_be_withdrawn(offset: int) -> None:
    ledger = delivered(1, 2, 3)
    ledger.decide(outcome_of(2))
    with pytest.raises(ValueError, match=f"offset {offset} is not an undecided one"):
        ledger.withdraw([1, offset])
    assert ledger.in_flight == 3


class LedgerMachine(RuleBasedStateMachine):
    """Any course of events, against lists that are searched from front to back."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.delivered: list[int] = []
        self.decided: set[int] = set()
        self.out: list[int] = []
        self.acknowledged: set[int] = set()
        self.next = 0

    def undecided(self) -> list[int]:
        return [offset for offset in self.delivered if offset not in self.decided]

    def unacknowledged(self) -> list[int]:
        return [offset for offset in self.out if offset not in self.acknowledged]

    @rule(gap=st.sampled_from([0, 0, 1, 40]))
    def deliver(self, gap: int) -> None:
        offset = self.next + gap
        self.ledger.deliver(offset)
        self.delivered.append(offset)
        self.next = offset + 1

    @precondition(lambda self: self.undecided())
    @rule(data=st.data())
    def decide(self, data: st.DataObject) -> None:
        offset = data.draw(st.sampled_from(self.undecided()))
        self.decided.add(offset)
        self.out += released(self.ledger.decide(outcome_of(offset)))

    @precondition(lambda self: self.unacknowledged())
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        offset = data.draw(st.sampled_from(self.unacknowledged()))
        self.ledger.acknowledge(offset)
        self.acknowledged.add(offset)

    @precondition(lambda self: self.undecided())
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        unseen = data.draw(st.lists(st.sampled_from(self.undecided()), min_size=1, unique=True))
        self.ledger.withdraw(unseen)
        taken_back = [offset for offset in self.delivered if offset >= min(unseen)]
        self.delivered = [offset for offset in self.delivered if offset < min(unseen)]
        for offset in set(taken_back) - set(unseen) - self.decided:
            assert self.ledger.decide(outcome_of(offset)) == ()
        self.decided -= set(taken_back)
        self.next = self.delivered[-1] + 1 if self.delivered else 0

    @invariant()
    def what_went_out_is_the_decided_prefix(self) -> None:
        prefix: list[int] = []
        for offset in self.delivered:
            if offset not in self.decided:
                break
            prefix.append(offset)
        assert self.out == prefix

    @invariant()
    def the_position_is_behind_the_acknowledged_prefix(self) -> None:
        position, finished = None, 0
        for offset in self.delivered:
            if offset not in self.acknowledged:
                break
            position, finished = offset + 1, finished + 1
        assert self.ledger.position == position
        assert self.ledger.in_flight == len(self.delivered) - finished


TestLedgerUnderAnyCourseOfEvents = LedgerMachine.TestCase
TestLedgerUnderAnyCourseOfEvents.settings = settings(max_examples=60, stateful_step_count=30)
