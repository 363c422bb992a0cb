"""A record that is too large is found by sending each alone, and shrinks until it fits."""

from collections.abc import Iterator

import pytest

from deploy.bundle.errors import Fatal
from edge.record import TooLarge
from tests.frames import dead
from tests.unit.publishing import DEAD_LETTERS, Publishing, Sent
from tests.waiting import wait_until

TOO_LARGE = TooLarge("9 MB, allowed are 4")


@pytest.fixture
def work() -> Iterator[Publishing]:
    with Publishing() as made:
        yield made


def reason(sent: Sent) -> bytes:
    return dict(sent.message.headers)["yardlight_reason"]


def test_a_dead_letter_that_is_too_large_goes_out_by_reference(work: Publishing) -> None:
    work.put(*map(dead, work.taken(0)))
    for producer in range(2):
        work.broker.got("0/0", producer=producer)[0].answer(TOO_LARGE)
    (letter,) = work.broker.got("0/0", producer=2)
    assert (letter.message.topic, letter.message.value) == (DEAD_LETTERS, None)
    assert b"9 MB, allowed are 4" in dict(letter.message.headers)["yardlight_error"]
    assert reason(letter) == b"truncated"
    letter.answer(None)
    assert work.position() == 1


def test_a_record_that_the_client_itself_finds_too_large_goes_out_by_reference(
    work: Publishing,
) -> None:
    work.broker.send_troubles += [TOO_LARGE] * 2
    work.put(*map(dead, work.taken(0)))
    (letter,) = work.broker.got("0/0", producer=2)
    assert letter.message.value is None


def test_a_record_that_fails_with_one_that_is_too_large_goes_out_whole(work: Publishing) -> None:
    frames = work.taken(0, 1, 2)
    work.put(*map(dead, frames))
    for sent in work.broker.got("0/0", "0/1", "0/2"):
        sent.answer(TOO_LARGE)
    work.broker.got("0/0", producer=1)[0].answer(None)
    work.broker.got("0/0", "0/1", producer=1)[1].answer(TOO_LARGE)
    work.broker.got("0/1", producer=2)[0].answer(None)
    work.broker.got("0/1", "0/2", producer=2)[1].answer(None)
    wait_until(lambda: work.position() == 3)
    work.broker.got("0/0", "0/1", producer=1)
    values = [sent.message.value for sent in work.broker.got("0/1", "0/2", producer=2)]
    assert values == [None, frames[2].value]


def test_a_classification_that_is_too_large_becomes_a_dead_letter_and_is_counted_as_one(
    work: Publishing,
) -> None:
    work.classify(0)
    for producer in range(2):
        work.broker.got("0/0", producer=producer)[0].answer(TOO_LARGE)
    (letter,) = work.broker.got("0/0", producer=2)
    assert letter.message.topic == DEAD_LETTERS
    assert reason(letter) == b"result-too-large"
    letter.answer(None)
    assert (work.count("classified"), work.count("dead-lettered")) == (0, 1)


def test_a_letter_whose_headers_are_too_large_goes_out_without_them(work: Publishing) -> None:
    (frame,) = work.taken(0)
    frame.headers, frame.key = (("x-calibration", bytes(2000)),), bytes(1000)
    work.put(dead(frame))
    for producer in range(3):
        work.broker.got("0/0", producer=producer)[0].answer(TOO_LARGE)
    (letter,) = work.broker.got("0/0", producer=3)
    assert (letter.message.key, letter.message.value) == (b"unknown", None)
    assert "x-calibration" not in dict(letter.message.headers)
    assert dict(letter.message.headers)["yardlight_offset"] == b"0"


def test_a_topic_that_takes_not_even_the_smallest_record_ends_the_stage() -> None:
    work = Publishing()
    work.put(*map(dead, work.taken(0)))
    work.broker.send_troubles += [TOO_LARGE] * 4
    with pytest.raises(Fatal, match="takes not even the smallest record: 9 MB, allowed are 4"):
        work.stage.run()


def test_an_abandoned_stage_does_not_wait_for_a_record_that_was_sent_alone(
    work: Publishing,
) -> None:
    work.classify(0)
    work.broker.got("0/0")[0].answer(TOO_LARGE)
    work.broker.got("0/0", producer=1)
    work.stage.abandon()
    assert work.crew.join(60) == []
