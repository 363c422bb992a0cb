"""A producer that fails is replaced, and what it left unanswered is sent again."""

from collections.abc import Iterator

import pytest

from deploy.bundle.errors import Unavailable
from tests.frames import OTHER
from tests.unit.publishing import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    Publishing,
    SlowKafka,
)
from tests.waiting import wait_until


@pytest.fixture
def work() -> Iterator[Publishing]:
    with Publishing() as made:
        yield made


@pytest.fixture
def pauses(work: Publishing, monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """How long the stage paused each time before it renewed its producer."""
    made: list[float | None] = []
    wait = work.stage._abandoned.wait

    def note(seconds: float | None = None) -> bool:
        made.append(seconds)
        return wait(seconds)

    monkeypatch.setattr(work.stage._abandoned, "wait", note)
    return made


def test_a_failure_renews_the_producer_and_sends_again_what_was_not_acknowledged(
    work: Publishing,
) -> None:
    work.classify(0, 1, 2, 3)
    work.classify(7, partition=OTHER)
    sent = work.broker.got("0/0", "0/1", "0/2", "0/3", "1/7")
    sent[0].answer(None)
    sent[2].answer(None)
    sent[1].answer(ConnectionError("the broker has gone"))
    again = work.broker.got("0/1", "0/3", "1/7", producer=1)
    assert again[0].message == sent[1].message
    for each in again:
        each.answer(None)
    assert (work.position(), work.position(OTHER)) == (4, 8)
    assert work.count("classified") == 5
    assert work.reconnects == 1


def test_a_producer_that_takes_nothing_any_more_is_renewed_too(work: Publishing) -> None:
    work.classify(0)
    work.broker.got("0/0")
    work.broker.send_troubles.append(Unavailable("the producer is closed"))
    work.classify(1, 2)
    wait_until(lambda: work.broker.producer > 0)
    sent = [each.place for each in work.broker.got("0/0", "0/1", "0/2", producer=1)]
    assert sent == ["0/0", "0/1", "0/2"]


def test_a_broker_that_stays_away_is_tried_until_it_is_back(work: Publishing) -> None:
    work.broker.renew_troubles += [Unavailable("nobody listens")] * 5
    work.classify(0, 1)
    work.broker.got("0/0", "0/1")[0].answer(ConnectionError("the broker has gone"))
    again = work.broker.got("0/0", "0/1", producer=6)
    assert work.position() is None
    for each in again:
        each.answer(None)
    assert work.position() == 2


def test_pauses_grow_until_a_record_is_acknowledged(
    work: Publishing, pauses: list[float | None]
) -> None:
    work.classify(0)
    work.broker.got("0/0")
    for producer in range(4):
        work.broker.got("0/0", producer=producer)[0].answer(PermissionError("not allowed"))
    work.broker.got("0/0", producer=4)[0].answer(None)
    work.classify(1)
    work.broker.got("0/0", "0/1", producer=4)[1].answer(PermissionError("not allowed"))
    work.broker.got("0/1", producer=5)
    assert pauses == [0, FIRST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE, 0]


def test_a_late_failure_of_an_old_producer_is_old_news(work: Publishing) -> None:
    work.classify(0, 1)
    sent = work.broker.got("0/0", "0/1")
    sent[0].answer(ConnectionError("the broker has gone"))
    work.broker.got("0/0", "0/1", producer=1)
    sent[1].answer(ConnectionError("the broker has gone"))
    work.classify(2)
    work.broker.got("0/0", "0/1", "0/2", producer=1)
    assert work.broker.producer == 1


def test_a_late_acknowledgement_of_an_old_producer_counts_once(work: Publishing) -> None:
    work.classify(0, 1)
    sent = work.broker.got("0/0", "0/1")
    sent[0].answer(ConnectionError("the broker has gone"))
    again = work.broker.got("0/0", "0/1", producer=1)
    for each in (sent[1], *again):
        each.answer(None)
    assert (work.position(), work.count("classified")) == (2, 2)
    assert work.under_way() == 0


def test_a_record_that_is_just_being_acknowledged_is_not_sent_again() -> None:
    kafka = SlowKafka()
    with Publishing(kafka.clock) as work:
        work.classify(0, 1)
        first, second = work.broker.got("0/0", "0/1")
        kafka.begin_to_acknowledge(first)
        second.answer(ConnectionError("the broker has gone"))
        work.broker.got("0/1", producer=1)
        kafka.go_on()


def test_a_failure_is_recovered_from_while_the_bound_is_reached() -> None:
    with Publishing(under_way=2) as work:
        work.classify(0, 1, 2)
        work.broker.got("0/0", "0/1")[0].answer(ConnectionError("the broker has gone"))
        work.broker.got("0/0", "0/1", producer=1)[0].answer(None)
        work.broker.got("0/0", "0/1", "0/2", producer=1)


def test_an_abandoned_stage_ends_though_the_broker_is_away(work: Publishing) -> None:
    work.broker.renew_troubles += [Unavailable("nobody listens")] * 1_000_000
    work.classify(0)
    work.broker.got("0/0")[0].answer(ConnectionError("the broker has gone"))
    wait_until(lambda: work.broker.producer > 1)
    work.stage.abandon()
    assert work.crew.join(60) == []
