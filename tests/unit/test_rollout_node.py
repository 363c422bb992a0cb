"""A node takes up what was written last, and nothing twice that came to an end on it."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.rollout.node import MOST_TRIES, Mark, Memory, Node, mark_of
from edge.rollout.words import Desired
from tests.unit.rolling_out import desired, digest


def at_end(node: Node, wanted: Desired, *states: str) -> Node:
    assert node.begin(wanted)
    for state in states:
        node.enter(state)  # type: ignore[arg-type]
    return node


def test_of_several_wishes_only_the_newest_is_begun() -> None:
    node = Node(Memory())
    for generation, letter in enumerate("abc", start=1):
        node.hear(desired(generation, letter))
    assert node.wanted == desired(3, "c")


def test_what_was_refused_is_not_tried_again_after_a_restart_and_something_newer_is() -> None:
    wanted = desired(1)
    node = at_end(Node(Memory()), wanted, "verifying", "building", "shadowing", "rolled-back")
    again = Node(node.memory)
    again.hear(wanted)
    assert again.wanted is None
    assert (again.state, again.mark) == ("rolled-back", mark_of(wanted))
    again.hear(desired(2))
    assert again.wanted == desired(2)


def test_what_was_served_is_remembered_and_what_failed_after_it_does_not_replace_it() -> None:
    node = Node(Memory())
    at_end(node, desired(1, "a"), "verifying", "building", "watching", "serving")
    at_end(node, desired(2, "b"), "failed")
    assert node.memory.serving == Mark(1, digest("a"))
    assert node.memory.ended == Mark(2, digest("b"))


def test_of_two_that_have_the_same_number_the_one_written_later_is_wanted() -> None:
    node = at_end(Node(Memory()), desired(1, "a"), "verifying", "building", "watching", "serving")
    node.hear(desired(1, "b"))
    assert node.wanted == desired(1, "b")


def test_whoever_ends_again_and_again_while_trying_a_bundle_gives_it_up() -> None:
    memory = Memory()
    for _ in range(MOST_TRIES):
        node = Node(memory)
        assert node.begin(desired(1))
        memory = node.memory
    last = Node(memory)
    assert not last.begin(desired(1))
    assert (last.state, last.memory.ended) == ("failed", mark_of(desired(1)))
    assert "the service ended 3 times" in last.reason


def test_a_stop_in_order_is_no_try() -> None:
    memory = Memory()
    for _ in range(2 * MOST_TRIES):
        node = Node(memory)
        assert node.begin(desired(1))
        node.lay_aside()
        memory = node.memory
    assert Node(memory).begin(desired(1))


def test_a_step_that_leads_nowhere_is_refused() -> None:
    node = Node(Memory())
    node.begin(desired(1))
    with pytest.raises(ValueError, match="serving cannot follow fetching"):
        node.enter("serving")


class Restarts(RuleBasedStateMachine):
    """Wishes, steps and crashes in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.node = Node(Memory())
        self.newest = 0
        self.under_way = False
        self.ended: set[Mark] = set()

    @rule(letter=st.sampled_from("abc"))
    def wish(self, letter: str) -> None:
        self.newest += 1
        self.node.hear(desired(self.newest, letter))

    @precondition(lambda self: not self.under_way)
    @rule()
    def begin(self) -> None:
        if (wanted := self.node.wanted) is not None:
            assert mark_of(wanted) not in self.ended
            assert wanted.generation == self.newest
            self.under_way = self.node.begin(wanted)
            self._note_end()

    @precondition(lambda self: self.under_way)
    @rule(ending=st.sampled_from(["serving", "rolled-back", "failed"]))
    def end(self, ending: str) -> None:
        for state in ("verifying", "building", "shadowing", "watching", ending):
            self.node.enter(state)  # type: ignore[arg-type]
        self.under_way = False
        self._note_end()

    @rule()
    def crash(self) -> None:
        heard = self.node._heard
        self.node = Node(self.node.memory)
        if heard is not None:
            self.node.hear(heard)
        self.under_way = False

    @invariant()
    def what_is_served_came_to_its_end_by_being_served(self) -> None:
        memory = self.node.memory
        if memory.ending == "serving":
            assert memory.serving == memory.ended

    def _note_end(self) -> None:
        if not self.under_way:
            self.ended.add(self.node.memory.ended)


TestRestarts = Restarts.TestCase
TestRestarts.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
