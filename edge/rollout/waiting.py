"""Nodes are looked at until a roll-out has come to an end on each of them."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec

from edge.cloudevents import parse_time
from edge.kafka.reader import TopicReader
from edge.record import Record
from edge.rollout.following import desired_of
from edge.rollout.node import Mark, mark_of
from edge.rollout.ordering import Overtaken
from edge.rollout.roster import SILENT_SECONDS, Roster
from edge.rollout.words import Desired, NodeStatus, read_status
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings

ENDINGS = frozenset({"serving", "rolled-back", "failed"})


def statuses(records: Iterator[Record], slot: str) -> list[NodeStatus]:
    """The newest word of each node of a slot, by name; of each service where some share one."""
    roster = Roster()
    for record in records:
        if (status := status_of(record, slot)) is not None:
            roster.hear(status)
    return roster.nodes


def status_of(record: Record, slot: str) -> NodeStatus | None:
    """What a record says of a node of the slot, if it does."""
    try:
        status = read_status(record.value or b"")
        parse_time(status.at)
    except (msgspec.MsgspecError, ValueError):
        return None
    return status if status.slot == slot and record.key == status.key else None


@dataclass(slots=True)
class Waiting:
    """Waits for every node that is alive: one that was heard of a short while ago.

    What was said before we listened is as old as it says, by the clocks of both machines; what is
    said meanwhile is as old as it is, whatever the clock of whoever said it.
    """

    kafka: KafkaSettings
    topics: TopicSettings
    desired: Desired
    tell: Callable[[NodeStatus], None]
    """Hears of each step of a node in this roll-out."""
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    _roster: Roster = field(default_factory=Roster)
    _heard: dict[tuple[str, str], float] = field(default_factory=dict)
    """When each service said something while we listened, by name and instance."""
    listening: bool = False
    """Whether what is heard is said now, and was not before we came."""
    _seen: bool = False
    """Whether what is waited for was come across on its topic."""

    def wait(self, seconds: float) -> bool:
        """Whether it came to an end on every node in that time.

        Raises:
            Overtaken: something else is wanted by now.
            Unavailable: the broker stopped answering.
        """
        deadline = self.clock() + seconds
        names = (self.topics.models_topic, self.topics.models_status_topic)
        with TopicReader(self.kafka) as reader:
            for record in reader.follow(*names, from_start=True):
                if record is not None:
                    self.note(record)
                    continue
                self.listening = True
                if self.over or self.clock() > deadline:
                    return self.over
        return self.over

    @property
    def alive(self) -> list[NodeStatus]:
        return [one for one in self._roster.nodes if self._is_alive(one)]

    @property
    def over(self) -> bool:
        alive = self.alive
        return bool(alive) and all(self._is_at_end(one) for one in alive)

    @property
    def behind(self) -> list[str]:
        """Those that are alive and have not come to an end."""
        return [one.node for one in self.alive if not self._is_at_end(one)]

    @property
    def served(self) -> bool:
        """Whether every node that is alive runs it."""
        return self.over and all(one.state == "serving" for one in self.alive)

    def _is_alive(self, one: NodeStatus) -> bool:
        heard = self._heard.get((one.node, one.instance))
        if heard is not None:
            return self.clock() - heard < SILENT_SECONDS
        return abs(self.wall() - parse_time(one.at)) < SILENT_SECONDS

    def _is_at_end(self, one: NodeStatus) -> bool:
        return self._is_ours(one) and one.state in ENDINGS

    def _is_ours(self, one: NodeStatus) -> bool:
        return Mark(one.generation, one.digest) == mark_of(self.desired)

    def note(self, record: Record) -> None:
        """What a record of one of both topics says.

        Raises:
            Overtaken: something else is wanted by now.
        """
        slot = self.desired.slot
        if record.partition.topic != self.topics.models_topic:
            if (status := status_of(record, slot)) is not None:
                self._hear(status)
        elif (wanted := desired_of(record, slot)) is not None:
            self._compare(wanted)

    def _compare(self, wanted: Desired) -> None:
        """What was written last counts, whatever its number."""
        ours = mark_of(wanted) == mark_of(self.desired)
        if not ours and (self._seen or wanted.generation > self.desired.generation):
            raise Overtaken(self.desired, wanted)
        self._seen = self._seen or ours

    def _hear(self, status: NodeStatus) -> None:
        before = self._roster.newest(status)
        self._roster.hear(status)
        if self.listening:
            self._heard[status.node, status.instance] = self.clock()
        if self._is_ours(status) and (before is None or _step(before) != _step(status)):
            self.tell(status)


def _step(status: NodeStatus) -> tuple[int, str, str]:
    return status.generation, status.state, status.reason
