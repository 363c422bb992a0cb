"""Who speaks for the nodes of a slot: two services of one name are told apart from a restart."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge.cloudevents import parse_time
from edge.rollout.words import NodeStatus

HEARTBEAT_SECONDS = 30.0
"""A node is heard of this often, whatever happens: whoever waits for nodes waits for the living."""
SILENT_SECONDS = 3 * HEARTBEAT_SECONDS
"""Who says nothing for longer than that is away."""


@dataclass(slots=True)
class _Voice:
    """One service of a name, by the newest that it said."""

    status: NodeStatus
    alone_since: dict[str, float] = field(default_factory=dict)
    """When it spoke first since another of its name did, by its own clock."""


@dataclass(slots=True)
class _Name:
    """The services of one name, in the order of their records.

    A service that speaks for the first time is taken for the restart of the one before it, until
    that one speaks again. Who is silent while another of the name speaks on for long enough is
    away. Neither compares the clocks of two machines.
    """

    present: dict[str, _Voice] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    def hear(self, status: NodeStatus) -> None:
        instance = status.instance
        if instance not in self.known and len(self.present) == 1:
            self.present.clear()
        self.known.add(instance)
        voice = self.present.setdefault(instance, _Voice(status))
        voice.status = status
        self._listen(instance, voice)

    def _listen(self, speaker: str, voice: _Voice) -> None:
        now = parse_time(voice.status.at)
        for other in [name for name in self.present if name != speaker]:
            self.present[other].alone_since.pop(speaker, None)
            since = voice.alone_since.setdefault(other, now)
            if now - since > SILENT_SECONDS:
                del self.present[other], voice.alone_since[other]


@dataclass(slots=True)
class Roster:
    """All of a slot, as far as it was heard of."""

    _names: dict[str, _Name] = field(default_factory=dict)

    def hear(self, status: NodeStatus) -> None:
        """A record of `models.status`, each after those before it."""
        self._names.setdefault(status.node, _Name()).hear(status)

    def newest(self, status: NodeStatus) -> NodeStatus | None:
        """What the service that says this said before."""
        name = self._names.get(status.node, _Name())
        voice = name.present.get(status.instance)
        return voice.status if voice is not None else None

    @property
    def nodes(self) -> list[NodeStatus]:
        """The newest word of each service, by name and instance."""
        said = [voice.status for name in self._names.values() for voice in name.present.values()]
        return sorted(said, key=lambda one: (one.node, one.instance))


def shared_names(nodes: Iterable[NodeStatus]) -> dict[str, int]:
    """Names that more than one service has, with how many have it."""
    counted = Counter(one.node for one in nodes)
    return {name: count for name, count in counted.items() if count > 1}
