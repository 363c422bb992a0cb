"""Kafka's side of a model: logs, outcomes, committed offsets, and a group that fences.

It checks what brokers check and no more: offsets are taken from whoever shows the newest
generation, whichever partitions they are for. That a partition has one owner is up to the members.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from deploy.bundle.errors import Unavailable
from edge.frame import Partition
from edge.record import Aborted, Message, Record
from tests.unit.polling import record

PARTITIONS = (Partition("frames", 0), Partition("frames", 1))
_AT_ONCE = 2
Place = tuple[Partition, int]


@dataclass(frozen=True, slots=True)
class Membership:
    """What a member shows with its offsets."""

    member: int
    generation_id: int


@dataclass(slots=True)
class Group:
    """Partitions of frames, what readers see of their outcomes, and who may work on what."""

    logs: dict[Partition, list[int]] = field(
        default_factory=lambda: {partition: [] for partition in PARTITIONS}
    )
    """Offsets of the frames, with gaps."""
    outcomes: Counter[Place] = field(default_factory=Counter)
    committed: dict[Partition, int] = field(default_factory=dict)
    generation: int = 0
    members: set[int] = field(default_factory=set)
    plan: dict[Partition, int] = field(default_factory=dict)
    """Whom each partition is meant for."""
    owners: dict[Partition, int] = field(default_factory=dict)
    """Who was given it and is not known to have given it back."""

    def append(self, partition: Partition, gap: int) -> None:
        log = self.logs[partition]
        log.append((log[-1] + 1 if log else 0) + gap)

    def join(self, member: int) -> None:
        self.members.add(member)
        self.generation += 1

    def move(self, plan: Mapping[Partition, int]) -> None:
        """A rebalance. What moves is given back first, then it is given to its new owner."""
        self.plan = dict(plan)
        self.generation += 1

    def give_back(self, member: int, partitions: Iterable[Partition]) -> None:
        for partition in partitions:
            if self.owners.get(partition) == member:
                del self.owners[partition]
        self.generation += 1

    def forget(self, member: int) -> None:
        """It left, it died, or nothing was heard of it for too long."""
        self.members.discard(member)
        self.give_back(member, PARTITIONS)

    def commit(self, membership: Membership, positions: Mapping[Partition, int]) -> bool:
        """Whether the offsets were taken."""
        newest = membership.generation_id == self.generation
        if not newest or membership.member not in self.members:
            return False
        self.committed |= positions
        return True


@dataclass(slots=True)
class Client:
    """What a member has of Kafka's client: a source of frames and a sink of transactions."""

    member: int
    group: Group
    generation: int = -1
    """As the client itself knows it, in the midst of a poll too."""
    membership: Membership | None = None
    """As it was after the newest poll that ended."""
    positions: dict[Partition, int] = field(default_factory=dict)
    polled: Callable[[], None] = lambda: None
    """Hears of the end of a poll."""
    last_commit_refused: bool = False
    before_asked: Callable[[], None] = lambda: None
    """What happens before somebody looks at the membership."""
    meanwhile: Callable[[], None] = lambda: None
    """What happens while a transaction is on its way to the broker."""
    answer_is_lost: bool = False
    """The next transaction is committed, or not, and its member does not hear of it."""
    _paused: bool = False

    @property
    def owned(self) -> tuple[Partition, ...]:
        return tuple(self.positions)

    def take(self, partitions: Iterable[Partition]) -> None:
        """They are ours from now on, and reading goes on where the group is."""
        for partition in partitions:
            self.group.owners[partition] = self.member
            self.positions[partition] = self.group.committed.get(partition, 0)

    def take_up(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Commit the positions that were found there, with our own note; those that were taken."""
        found = {partition: self.positions[partition] for partition in partitions}
        return found if found and self._commit(found) else {}

    def who_we_are(self) -> Membership | None:
        self.before_asked()
        return self.membership

    def poll(self, seconds: float) -> list[Record]:  # noqa: ARG002 - what is there is there at once
        found: list[Record] = []
        for partition, position in self.positions.items():
            if self._paused:
                break
            new = [at for at in self.group.logs[partition] if at >= position][:_AT_ONCE]
            found += [record(at, partition) for at in new]
            self.positions[partition] = new[-1] + 1 if new else position
        self.membership = Membership(self.member, self.generation)
        self.polled()
        return found

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False

    def commit_soon(
        self, positions: Mapping[Partition, int], done: Callable[[BaseException | None], None]
    ) -> None:
        done(None if self._commit(positions) else Unavailable("another generation"))

    def commit_now(self, positions: Mapping[Partition, int], left: Mapping[Partition, int]) -> None:
        if not self._commit({**positions, **left}):
            self.last_commit_refused = True
            raise Unavailable("another generation")

    def _commit(self, positions: Mapping[Partition, int]) -> bool:
        return self.group.commit(Membership(self.member, self.generation), positions)

    def lag(self) -> Mapping[Partition, int]:
        return {}

    def partitions(self) -> int:
        return len(PARTITIONS)

    def forget(self, partitions: Iterable[Partition]) -> None:
        for partition in partitions:
            self.positions.pop(partition, None)

    def close(self) -> None:
        self.group.forget(self.member)

    def transact(
        self,
        messages: Sequence[Message],
        positions: Mapping[Partition, int],
        membership: Membership,
        still: Callable[[], None],
    ) -> None:
        still()
        self.meanwhile()
        if not self.group.commit(membership, positions):
            raise Aborted("another generation")
        self.group.outcomes.update(map(place_of, messages))
        if self.answer_is_lost:
            raise Unavailable("nobody knows whether it was committed")


def place_of(outcome: Message) -> Place:
    """The frame that a record is the outcome of, as every reader can tell."""
    _, topic, number, offset = dict(outcome.headers)["ce_id"].decode().split("/")
    return Partition(topic, int(number)), int(offset)
