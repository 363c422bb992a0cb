"""Whoever waits for a roll-out waits for the nodes that live, whatever their clocks say."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from math import nan

import msgspec
import pytest

from deploy.bundle.errors import Fatal
from edge.cloudevents import format_time
from edge.frame import Partition
from edge.record import Record
from edge.rollout.following import desired_of
from edge.rollout.ordering import Overtaken, written
from edge.rollout.refusals import sentence_of
from edge.rollout.waiting import Waiting, status_of
from edge.rollout.words import Desired, ShadowPlan, State, write
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings
from tests.clock import Clock
from tests.unit.rolling_out import desired, digest, status

NOW = 1_790_000_000.0
HOUR = 3600.0
TOPICS = TopicSettings()


def record(topic: str, key: bytes, value: bytes) -> Record:
    return Record(Partition(topic, 0), 0, NOW, key, value, ())


def order(generation: int, letter: str = "a") -> Record:
    return record(TOPICS.models_topic, b"yard", write(desired(generation, letter)))


def word(
    node: str, state: State, at: float = NOW, generation: int = 2, instance: str = ""
) -> Record:
    said = status(node, state, format_time(at), generation, instance)
    return record(TOPICS.models_status_topic, said.key, write(said))


@dataclass
class Told:
    """A roll-out of generation 2 that is waited for, and what was heard of it."""

    clock: Clock = field(default_factory=Clock)
    steps: list[str] = field(default_factory=list)
    waiting: Waiting = field(init=False)

    def __post_init__(self) -> None:
        self.waiting = Waiting(
            KafkaSettings(),
            TOPICS,
            desired(2),
            lambda one: self.steps.append(f"{one.node} {one.state}"),
            self.clock,
            lambda: NOW,
        )

    def hear(self, *records: Record) -> None:
        for one in records:
            self.waiting.note(one)

    def listen(self) -> None:
        """All that was said before is heard."""
        self.waiting.listening = True

    @property
    def alive(self) -> list[str]:
        return [one.node for one in self.waiting.alive]


def test_a_node_that_was_silent_for_long_is_not_waited_for() -> None:
    told = Told()
    told.hear(order(2), word("old", "serving", NOW - HOUR, 1), word("new", "serving"))
    assert told.alive == ["new"]
    assert told.waiting.served


@pytest.mark.parametrize("skew", [-HOUR, HOUR])
def test_a_node_whose_clock_is_wrong_is_alive_while_it_speaks_and_not_for_ever(skew: float) -> None:
    told = Told()
    told.hear(order(2), word("wrong", "serving", NOW + skew, 1))
    assert told.alive == []
    told.listen()
    told.hear(word("wrong", "watching", NOW + skew))
    assert told.alive == ["wrong"]
    assert not told.waiting.over
    told.hear(word("wrong", "serving", NOW + skew))
    assert told.waiting.served
    told.clock.now += HOUR
    assert told.alive == []


def test_each_step_is_told_once() -> None:
    told = Told()
    states: list[State] = ["fetching", "fetching", "building", "serving", "serving"]
    told.hear(*(word("one", state) for state in states), word("one", "failed", generation=1))
    assert told.steps == ["one fetching", "one building", "one serving"]


def test_of_two_services_of_one_name_both_are_waited_for() -> None:
    told = Told()
    told.hear(order(2))
    told.hear(
        word("one", "fetching", instance="a"),
        word("one", "fetching", instance="b"),
        word("one", "serving", instance="a"),
    )
    assert (told.alive, told.waiting.behind) == (["one", "one"], ["one"])
    told.hear(word("one", "rolled-back", instance="b"))
    assert (told.waiting.over, told.waiting.served) == (True, False)
    assert told.steps == ["one fetching", "one fetching", "one serving", "one rolled-back"]


def test_what_a_service_said_before_its_restart_is_not_waited_for() -> None:
    told = Told()
    told.hear(order(2), word("one", "watching", instance="a"), word("one", "serving", instance="b"))
    assert told.waiting.served


@pytest.mark.parametrize("later", [order(3, "b"), order(1, "b"), order(2, "b")])
def test_whatever_was_written_later_overtakes_it(later: Record) -> None:
    told = Told()
    told.hear(order(1, "c"), order(2))
    with pytest.raises(Overtaken):
        told.hear(later)


def test_what_was_written_earlier_does_not_overtake_it() -> None:
    told = Told()
    told.hear(order(1, "b"), order(2, "c"), order(2), order(2))


@pytest.mark.parametrize(
    "change",
    [{"at": "yesterday"}, {"at": "2026-11-27T22:00:00"}, {"node": "../up"}, {"state": "x"}],
)
def test_a_word_that_cannot_be_one_is_none(change: dict[str, str]) -> None:
    said = msgspec.json.decode(word("one", "serving").value or b"") | change
    value = msgspec.json.encode(said)
    assert status_of(record("", f"yard/{said['node']}".encode(), value), "yard") is None


def changed(**fields: object) -> Desired:
    return msgspec.structs.replace(desired(1), **fields)


@pytest.mark.parametrize(
    "unreadable",
    [
        changed(digest="sha256:6b2ac967ff77"),
        changed(digest=digest("A")),
        changed(uri=""),
        changed(uri=f"/{'long' * 1024}"),
        changed(slot="no slot"),
        changed(shadow=ShadowPlan(40, nan)),
        changed(generation=2**53 + 1),
        changed(generation=2**70),
    ],
)
def test_what_no_node_could_read_is_not_written(unreadable: Desired) -> None:
    with pytest.raises(Fatal, match="no node could read such a roll-out"):
        written(unreadable)


@pytest.mark.parametrize(
    "uri",
    [
        "https://user:secret@host/bundle",
        "https://secret@host/bundle",
        "https://user:sec/ret@host/bundle",
        "https://host/bundle?X-Amz-Signature=secret",
        "s3://KEY:secret@bucket/bundle",
        "s3://bucket/bundle?signature=secret",
        "simplecache::https://user:secret@host/bundle",
        "ftp://user:secret@host:99999/bundle",
    ],
)
def test_what_holds_a_secret_is_not_written_and_not_repeated(uri: str) -> None:
    with pytest.raises(Fatal) as refused:
        written(changed(uri=uri))
    assert not re.search("secret|sec$|'sec'|KEY", str(refused.value))


def test_a_reason_repeats_no_login_and_is_one_that_every_topic_takes() -> None:
    error = ConnectionError("Could not connect to https://KEY:secret@endpoint:9000/ by proxy")
    assert sentence_of(error) == (
        "ConnectionError: Could not connect to https://…@endpoint:9000/ by proxy"
    )
    assert len(sentence_of(Fatal("x" * 2_000_000))) < 2_000


@pytest.mark.parametrize(
    "harm",
    [
        lambda value: value.replace(b"sha256:a", b"\xff\xfe"),
        lambda value: value[:-1] + b',"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        lambda value: value[:-1],
        lambda _: b"",
    ],
    ids=["not UTF-8", "deep", "cut", "empty"],
)
def test_a_record_that_cannot_be_read_stops_nobody(harm: Callable[[bytes], bytes]) -> None:
    complaints: list[str] = []
    wish, said = order(1), word("one", "serving")
    assert wish.value
    assert said.value
    harmed = record(TOPICS.models_topic, b"yard", harm(wish.value))
    assert desired_of(harmed, "yard", complaints.append) is None
    assert len(complaints) == 1
    assert status_of(record("", b"yard/one", harm(said.value)), "yard") is None
