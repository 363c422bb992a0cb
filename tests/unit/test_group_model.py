"""Whatever members of a group do, and whatever is done to them, in any order: no frame is lost, and
none is repeated unless it had to be.

Ledgers, commits, hand-over and transactions are the service's own; Kafka is a model.
"""

from contextlib import suppress
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from deploy.bundle.errors import Unavailable
from edge.assignments import Assignments
from edge.frame import Partition
from edge.ledger import Ledger
from edge.pipeline.release import Sent
from edge.pipeline.transact import TransactStage, _positions
from edge.queueing import Overload
from edge.settings.delivery import Delivery
from tests.unit.modelled_group import PARTITIONS, Client, Group, Place
from tests.unit.modelled_member import Member

_MEMBERS = 2
_NUMBERS = st.integers(0, _MEMBERS - 1)
_GAPS = st.sampled_from([0, 0, 0, 1, 30])
_STEPS_TO_THE_END = 200
_EXAMPLES = settings(max_examples=50, stateful_step_count=50)


class GroupMachine(RuleBasedStateMachine):
    """Members that work, move, freeze, die and stop."""

    @initialize(
        delivery=st.sampled_from(["at-least-once", "exactly-once"]),
        overload=st.sampled_from(["block", "shed"]),
    )
    def begin(self, delivery: Delivery, overload: Overload) -> None:
        self.delivery, self.overload = delivery, overload
        self.group = Group()
        self.started = 0
        self.may_repeat = False
        """A crash, a lost session or a drain that was not waited for came before."""
        self.members = [self._start() for _ in range(_MEMBERS)]
        self.group.move({at: self.members[at.number].client.member for at in PARTITIONS})

    def _start(self) -> Member:
        self.started += 1
        made = Member(Client(self.started, self.group), self.delivery, self.overload)
        self.group.join(self.started)
        return made

    def _replace(self, member: Member) -> None:
        self.may_repeat |= member.overran or member.client.last_commit_refused
        successor = self._start()
        self.members[self.members.index(member)] = successor
        was, now = member.client.member, successor.client.member
        self.group.move({at: now if it == was else it for at, it in self.group.plan.items()})

    # A session's thread and the producer's. Each rule is as likely as any other.

    @rule(at=st.sampled_from(PARTITIONS), gaps=st.lists(_GAPS, min_size=1, max_size=4))
    def frames_come(self, at: Partition, gaps: list[int]) -> None:
        for gap in gaps:
            self.group.append(at, gap)

    @rule(number=_NUMBERS, infers=st.booleans())
    def poll(self, number: int, *, infers: bool) -> None:
        self.members[number].poll()
        if infers:
            self.members[number].infer()

    @precondition(lambda self: any(it.taken for it in self.members))
    @rule(data=st.data())
    def decide(self, data: st.DataObject) -> None:
        member = data.draw(st.sampled_from([it for it in self.members if it.taken]))
        some = st.lists(st.sampled_from(member.taken), min_size=1, unique_by=id)
        for frame in data.draw(some):
            member.decide(frame)

    @precondition(lambda self: any(it.released and not it.transacts for it in self.members))
    @rule(data=st.data(), count=st.integers(1, 4))
    def send(self, data: st.DataObject, count: int) -> None:
        data.draw(st.sampled_from([it for it in self.members if it.released])).send(count)

    @precondition(lambda self: any(it.unanswered for it in self.members))
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        member = data.draw(st.sampled_from([it for it in self.members if it.unanswered]))
        some = st.lists(st.sampled_from(member.unanswered), min_size=1, unique_by=id)
        for sent in data.draw(some):
            member.acknowledge(sent)

    @precondition(lambda self: any(it.released and it.transacts for it in self.members))
    @rule(
        data=st.data(),
        when=st.sampled_from(["before_asked", "meanwhile"]),
        what=st.sampled_from(["nothing", "a hand-over", "a lost session"]),
    )
    def transact(self, data: st.DataObject, when: str, what: str) -> None:
        """The thread that polls, or the group, may come in between at any moment."""
        member = data.draw(st.sampled_from([it for it in self.members if it.released]))
        acts = {
            "nothing": lambda: None,
            "a hand-over": lambda: self._hand_over(member),
            "a lost session": lambda: self.group.forget(member.client.member),
        }
        with patch.object(member.client, when, acts[what]):
            member.transact()

    def _hand_over(self, member: Member) -> None:
        member.poll()
        member.give_back(patient=True)
        member.poll()

    # What moves partitions.

    @rule(first=_NUMBERS, second=_NUMBERS)
    def partitions_move(self, first: int, second: int) -> None:
        owners = [self.members[number].client.member for number in (first, second)]
        self.group.move(dict(zip(PARTITIONS, owners, strict=True)))

    @precondition(lambda self: any(it.draining for it in self.members))
    @rule(data=st.data(), patient=st.booleans())
    def give_back(self, data: st.DataObject, *, patient: bool) -> None:
        member = data.draw(st.sampled_from([it for it in self.members if it.draining]))
        member.give_back(patient=patient)

    @rule(
        number=_NUMBERS,
        what=st.sampled_from(["stop", "death", "lost session", "lost answer"]),
        arrives=st.booleans(),
    )
    def a_member_has(self, number: int, what: str, *, arrives: bool) -> None:
        member = self.members[number]
        match what:
            case "stop":
                member.stop()
                self._replace(member)
            case "death":
                self.may_repeat = True
                member.die(arrives=arrives)
                self._replace(member)
            case "lost session":
                self.may_repeat = True
                self.group.forget(member.client.member)
            case "lost answer" if member.transacts:
                member.client.answer_is_lost = True
                with suppress(Unavailable):
                    member.transact()
                self.group.forget(member.client.member)
                self._replace(member)

    @invariant()
    def nothing_is_committed_beyond_a_frame_without_an_outcome(self) -> None:
        for place in self._frames():
            at, offset = place
            if offset < self.group.committed.get(at, 0):
                assert self.group.outcomes[place], f"{place} has no outcome and is passed"

    @invariant()
    def readers_of_exactly_once_see_none_twice(self) -> None:
        if self.delivery == "exactly-once":
            assert max(self.group.outcomes.values(), default=0) <= 1

    def teardown(self) -> None:
        """In the end each frame has an outcome, and one only where nothing excuses more."""
        if not hasattr(self, "group"):
            return
        for _ in range(_STEPS_TO_THE_END):
            for member in self.members:
                member.poll()
                member.infer()
                member.finish()
                member.give_back(patient=True)
            self.nothing_is_committed_beyond_a_frame_without_an_outcome()
            if all(self.group.outcomes[place] for place in self._frames()):
                break
        may_repeat = self.may_repeat or any(
            it.overran or it.client.last_commit_refused for it in self.members
        )
        counts = {place: self.group.outcomes[place] for place in self._frames()}
        assert all(counts.values()), "a frame has no outcome"
        assert set(self.group.outcomes) <= set(counts)
        if self.delivery == "exactly-once" or not may_repeat:
            assert set(counts.values()) <= {1}, "a frame has two outcomes"

    def _frames(self) -> list[Place]:
        return [(at, offset) for at, log in self.group.logs.items() for offset in log]


TestAGroupUnderAnyCourseOfEvents = GroupMachine.TestCase
TestAGroupUnderAnyCourseOfEvents.settings = _EXAMPLES


# A model that finds nothing may be blind: mistakes that somebody could make, and that it sees them.


def _follows_the_newest(ledger: Ledger, offset: int) -> None:
    """The position is after the newest acknowledgement instead of the acknowledged prefix."""
    ledger.position = offset + 1


def _forgets_nothing(assignments: Assignments, partitions: tuple[Partition, ...]) -> None:
    """A partition that is gone stays among those that are owned."""


def _does_not_look(stage: TransactStage, batch: list[Sent]) -> None:
    """Whether all is still ours is not looked at once the membership is known."""
    messages, positions = [sent.message for sent in batch], _positions(batch)
    stage._sink.transact(messages, positions, stage._membership(), stage._still)


def begun(delivery: Delivery) -> GroupMachine:
    """Two frames of the first partition are decided by its owner."""
    made = GroupMachine()
    made.begin(delivery, "block")
    made.frames_come(PARTITIONS[0], [0, 0])
    made.poll(0, infers=True)
    for frame in list(made.members[0].taken):
        made.members[0].decide(frame)
    return made


def test_a_position_that_passes_a_frame_without_an_outcome_is_seen() -> None:
    with patch.object(Ledger, "acknowledge", _follows_the_newest):
        machine = begun("at-least-once")
        member = machine.members[0]
        member.send(2)
        member.acknowledge(member.unanswered[1])
        machine.poll(0, infers=False)
        with pytest.raises(AssertionError, match="has no outcome and is passed"):
            machine.nothing_is_committed_beyond_a_frame_without_an_outcome()


def test_a_partition_that_two_members_work_on_is_seen() -> None:
    with patch.object(Assignments, "forget", _forgets_nothing):
        machine = begun("at-least-once")
        machine.partitions_move(1, 1)
        first, second = machine.members
        first.poll()
        first.give_back(patient=False)
        first.overran = False  # as if it had been waited for
        second.poll()
        with pytest.raises(AssertionError, match="a frame has two outcomes"):
            machine.teardown()


def test_a_transaction_for_what_was_just_given_back_is_seen() -> None:
    with patch.object(TransactStage, "_transact", _does_not_look):
        machine = begun("exactly-once")
        machine.partitions_move(1, 1)
        first = machine.members[0]

        def hand_over() -> None:
            machine._hand_over(first)
            machine.members[1].poll()
            machine._hand_over(first)

        with patch.object(first.client, "before_asked", hand_over):
            first.transact()
        with pytest.raises(AssertionError, match="two outcomes"):
            machine.teardown()
