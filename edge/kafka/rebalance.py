"""Partitions that come and go, told by kafka-python on its own thread."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol

from kafka.consumer.subscription_state import AsyncConsumerRebalanceListener
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import KafkaError
from kafka.net.selector import KernelEvent

from edge.frame import Partition
from edge.kafka.identity import partitions_of
from edge.kafka.takeover import Takeover
from edge.kafka.unpack import offsets_of
from edge.observe.logs import get_logger
from edge.suspicion import LEFT, Suspicion

_log = get_logger("consumer")
_DRAIN_STEP = 0.005


class Rebalance(Protocol):
    """What the service does when partitions come and go. Called on kafka-python's thread."""

    def assigned(self, partitions: tuple[Partition, ...]) -> None: ...

    def taken_up(self, partition: Partition, position: int, suspicion: Suspicion) -> None:
        """Frames of it come from now on. Called on the thread that polls."""

    def cut(self, partition: Partition, end: int) -> int:
        """Its log ends at an offset, and frames from beyond it are no more. Returns where to go on:
        there, or before it, where frames are not done. Called on the thread that polls.
        """

    def draining(self, partitions: tuple[Partition, ...]) -> Callable[[], bool]:
        """Partitions are to be given back: a function that says whether to wait on for them."""

    def positions(self, partitions: tuple[Partition, ...]) -> Mapping[Partition, int]:
        """What may be committed of them, once drained."""

    def left(self, partitions: tuple[Partition, ...]) -> Mapping[Partition, int]:
        """The positions of those that are given back in order: nobody died of what follows."""

    def gone(self, partitions: tuple[Partition, ...]) -> None:
        """They belong to somebody else now."""


class RememberingAssignor(CooperativeStickyAssignor):  # type: ignore[misc] # the same
    """The cooperative assignor, which tells the group what this member owned last.

    kafka-python's goes on claiming what was lost with an eviction. The leader then finds two owners
    of a partition, and gives it to the one that came back while the other still works on it.
    """

    def forget(self) -> None:
        """Nothing is owned any more."""
        self.member_assignment = None


class Listener(AsyncConsumerRebalanceListener):  # type: ignore[misc] # kafka-python has no types
    """Hands partitions over in order: drain, commit, give back. Heartbeats go on meanwhile."""

    def __init__(
        self,
        consumer: Any,
        rebalance: Rebalance,
        assignor: RememberingAssignor,
        takeover: Takeover,
    ) -> None:
        self._consumer = consumer
        self._rebalance = rebalance
        self._assignor = assignor
        self._takeover = takeover

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        partitions = _partitions(assigned)
        self._takeover.assigned(self._consumer, partitions)
        self._rebalance.assigned(partitions)

    async def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        partitions = _partitions(revoked)
        if not partitions:
            return
        waiting = self._rebalance.draining(partitions)
        while waiting():
            await _sleep(_DRAIN_STEP)
        offsets = offsets_of(self._rebalance.positions(partitions))
        offsets |= offsets_of(self._rebalance.left(partitions), LEFT)
        if offsets and self._topic_is_there(partitions):
            await self._commit(offsets)
        self._gone(partitions)

    def _topic_is_there(self, partitions: tuple[Partition, ...]) -> bool:
        """Positions in a topic that was deleted would be taken for those of its successor."""
        return partitions_of(self._consumer, partitions[0].topic) > 0

    async def _commit(self, offsets: Mapping[Any, Any]) -> None:
        try:
            await self._consumer.commit_async(offsets)
        except KafkaError as error:
            _log.warning("not committed on hand-over, these frames repeat", error=repr(error))

    async def on_partitions_lost(self, lost: Iterable[Any]) -> None:
        self._assignor.forget()
        self._gone(_partitions(lost))

    def _gone(self, partitions: tuple[Partition, ...]) -> None:
        self._takeover.gone(partitions)
        self._rebalance.gone(partitions)


def _sleep(seconds: float) -> Awaitable[None]:
    """Suspend a coroutine of kafka-python's event loop, as its own coordinator does."""
    pause: Awaitable[None] = KernelEvent("_sleep", seconds)
    return pause


def _partitions(places: Iterable[Any]) -> tuple[Partition, ...]:
    return tuple(Partition(place.topic, place.partition) for place in places)
