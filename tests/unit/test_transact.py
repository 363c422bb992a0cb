"""Outcomes and positions are committed together, again after an abort, never for somebody else."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from unittest.mock import patch

import pytest

from deploy.bundle.errors import Unavailable
from edge.assignments import Assignments
from edge.frame import Partition
from edge.observe.metrics import Metrics
from edge.pipeline import publish, transact
from edge.pipeline.crew import Crew
from edge.pipeline.doors import Membership
from edge.pipeline.messages import MessageWriter
from edge.pipeline.release import Release
from edge.pipeline.transact import TransactStage
from edge.record import Aborted, Message, TooLarge
from edge.settings.topics import TopicSettings
from tests.clock import Clock
from tests.frames import OTHER, PARTITION, classified, make_frame
from tests.unit.outcomes import some_writer
from tests.waiting import wait_until


@dataclass
class Transaction:
    messages: list[Message]
    positions: dict[Partition, int]
    membership: Membership


@dataclass
class Broker:
    """Keeps what was committed; `troubles` are raised first, one by each transaction."""

    committed: list[Transaction] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)
    largest: int | None = None
    before: Callable[[], None] = lambda: None

    def transact(
        self,
        messages: Sequence[Message],
        positions: Mapping[Partition, int],
        membership: Membership,
        still: Callable[[], None],
    ) -> None:
        still()
        self.before()
        if self.troubles:
            raise self.troubles.pop(0)
        if any(it.key is None and it.value is None for it in messages):
            raise ValueError("Need at least one: key or value")  # as kafka-python does
        if self.largest is not None and any(_size(it) > self.largest for it in messages):
            raise TooLarge("refused")
        self.committed.append(Transaction(list(messages), dict(positions), membership))

    def places(self) -> list[str]:
        """`partition/offset` of every frame whose outcome was committed, in order."""
        ids = [dict(it.headers)["ce_id"] for done in self.committed for it in done.messages]
        return [event_id.decode().removeprefix("yard/frames/") for event_id in ids]


def _size(message: Message) -> int:
    return len(message.value or b"")


class Work:
    """The stage and all around it, with two partitions assigned."""

    def __init__(self) -> None:
        self.broker = Broker()
        self.assignments = Assignments()
        self.assignments.assign([PARTITION, OTHER])
        self.metrics = Metrics()
        self.crew = Crew(Clock())
        self.membership: Membership | None = "generation 1"
        writer = MessageWriter("yard", TopicSettings(), some_writer(), Clock(), Clock())
        self.stage = TransactStage(
            self.crew,
            self.broker,
            Release(writer, self.assignments, self.metrics, Clock(102.0)),
            self.metrics,
            lambda: self.membership,
            interval=0.0,
            clock=Clock(),
        )

    def classify(self, *offsets: int, partition: Partition = PARTITION) -> None:
        """Frames are polled, taken, classified, and put before the stage as one batch."""
        assignment = self.assignments.accepting(partition)
        assert assignment is not None
        frames = []
        for offset in offsets:
            assignment.ledger.deliver(offset)
            frames.append(make_frame(offset, partition, assignment=assignment.number))
        self.stage.put([classified(frame) for frame in frames])

    def run(self) -> None:
        """Until all that was put is committed or dropped."""
        self.crew.start(publish.NAME, self.stage.run)
        self.stage.finish()
        assert self.crew.join(30) == []

    def in_flight(self, partition: Partition = PARTITION) -> int:
        return self.assignments.in_flight((partition,))

    def count(self, result: str) -> float | None:
        return self.metrics.registry.get_sample_value(
            "yardlight_transactions_total", {"result": result}
        )


@pytest.fixture
def work() -> Iterator[Work]:
    with patch.multiple(transact, _WAIT=0.001, _FIRST_BACKOFF=0.001, _LONGEST_BACKOFF=0.002):
        yield Work()


def test_outcomes_and_the_positions_after_them_are_one_transaction(work: Work) -> None:
    work.classify(5, 6)
    work.classify(9, partition=OTHER)
    work.run()
    assert work.broker.places() == ["0/5", "0/6", "1/9"]
    (last,) = {it.membership for it in work.broker.committed}
    assert last == "generation 1"
    positions: dict[Partition, int] = {}
    for done in work.broker.committed:
        positions |= done.positions
    assert positions == {PARTITION: 7, OTHER: 10}
    assert (work.in_flight(), work.in_flight(OTHER)) == (0, 0)


def test_outcomes_that_wait_for_an_earlier_frame_are_not_committed(work: Work) -> None:
    assignment = work.assignments.accepting(PARTITION)
    assert assignment is not None
    assignment.ledger.deliver(4)
    work.classify(5)
    work.run()
    assert work.broker.committed == []


def test_an_aborted_transaction_is_made_anew_from_the_same_outcomes(work: Work) -> None:
    work.broker.troubles = [Aborted("refused"), Aborted("refused again")]
    work.classify(5, 6)
    work.run()
    assert work.broker.places() == ["0/5", "0/6"]
    assert (work.count("aborted"), work.count("committed")) == (2, 1)


def test_what_was_given_back_meanwhile_is_left_to_its_new_owner(work: Work) -> None:
    work.broker.troubles = [Aborted("the group has gone on")]
    work.broker.before = lambda: work.assignments.forget([PARTITION])
    work.classify(5)
    work.classify(9, partition=OTHER)
    work.run()
    assert work.broker.places() == ["1/9"]
    assert all(PARTITION not in done.positions for done in work.broker.committed)


def test_a_partition_that_came_back_is_not_committed_for_what_was_seen_before(work: Work) -> None:
    def away_and_back() -> None:
        work.broker.before = lambda: None
        work.assignments.forget([PARTITION])
        work.assignments.assign([PARTITION])

    work.broker.troubles = [Aborted("the group has gone on")]
    work.broker.before = away_and_back
    work.classify(5, 6)
    work.run()
    assert work.broker.committed == []
    assert work.in_flight() == 0


def test_nothing_is_sent_while_this_member_is_not_in_its_group(work: Work) -> None:
    work.membership = None
    work.classify(5)
    work.crew.start(publish.NAME, work.stage.run)
    wait_until(lambda: (work.count("aborted") or 0) >= 2, "two attempts")
    assert work.broker.committed == []
    work.membership = "generation 2"
    work.stage.finish()
    assert work.crew.join(30) == []
    assert [done.membership for done in work.broker.committed] == ["generation 2"]


def test_one_record_that_is_too_large_is_found_and_the_others_stay_as_they_are(work: Work) -> None:
    work.classify(5, 6, 7)
    sizes = []
    work.broker.before = lambda: None
    original = Work()
    original.classify(5, 6, 7)
    original.run()
    sizes = [_size(it) for done in original.broker.committed for it in done.messages]
    work.broker.largest = max(sizes) - 1
    work.run()
    assert work.broker.places() == ["0/5", "0/6", "0/7"]
    topics = {it.topic for done in work.broker.committed for it in done.messages}
    assert "frames.dead-letters" in topics
    assert work.broker.committed[-1].positions == {PARTITION: 8}


def test_a_commit_whose_end_is_not_known_ends_the_stage(work: Work) -> None:
    work.broker.troubles = [Unavailable("nobody knows")]
    work.classify(5)
    work.run()
    assert isinstance(work.crew.failure, Unavailable)
    assert work.broker.committed == []


def test_nobody_waits_for_room_where_the_stage_has_ended_of_an_error(work: Work) -> None:
    work.broker.troubles = [Unavailable("nobody answers")]
    work.classify(5)
    work.run()

    def infer() -> None:
        for offset in range(6, 200):
            work.classify(offset)

    work.crew.start("infer-0", infer)
    assert work.crew.join(30) == []


def test_a_stage_that_is_abandoned_ends_though_nothing_can_be_committed(work: Work) -> None:
    work.membership = None
    work.classify(5)
    work.crew.start(publish.NAME, work.stage.run)
    wait_until(lambda: (work.count("aborted") or 0) >= 1, "an attempt")
    work.stage.abandon()
    assert work.crew.join(30) == []
    assert work.crew.failure is None


@pytest.mark.parametrize("trouble", [None, Aborted("refused"), TooLarge("refused")])
def test_once_a_transaction_has_ended_none_is_open(work: Work, trouble: Exception | None) -> None:
    seen: list[bool] = []
    work.broker.before = lambda: seen.append(work.stage.transacting)
    work.broker.troubles = [trouble] if trouble else []
    work.classify(5, 6)
    work.run()
    assert set(seen) == {True}
    assert not work.stage.transacting


def test_a_transaction_whose_end_is_not_known_counts_as_open(work: Work) -> None:
    work.broker.troubles = [Unavailable("nobody knows")]
    work.classify(5)
    work.run()
    assert work.stage.transacting
