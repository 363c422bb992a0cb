"""What the stages need of Kafka. `edge.kafka` fits these doors; the pipeline imports no driver."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from edge.frame import Partition
from edge.record import Message, Record

Membership: TypeAlias = Any
"""Who we are in the group as of some poll, which the broker compares with whom it knows."""


class Source(Protocol):
    """A member of a consumer group; used by the thread that polls."""

    def poll(self, seconds: float) -> list[Record]:
        """What is there, waiting up to `seconds` for the first record.

        Raises:
            Unavailable: trying again may help.
            Fatal: it never will.
        """

    def pause(self) -> None:
        """Stop fetching; polling goes on."""

    def resume(self) -> None: ...

    def commit_soon(
        self, positions: Mapping[Partition, int], done: Callable[[BaseException | None], None]
    ) -> None:
        """Commit in the background; `done` hears on another thread how it went."""

    def commit_now(self, positions: Mapping[Partition, int], left: Mapping[Partition, int]) -> None:
        """Commit and wait for it; `left` are the positions of what is given back in order.

        Raises:
            Unavailable: it was not acknowledged.
        """

    def lag(self) -> Mapping[Partition, int]:
        """Frames in each partition that were not polled yet."""

    def partitions(self) -> int:
        """How many partitions the frames topic has, whoever owns them."""

    def forget(self, partitions: Iterable[Partition]) -> None:
        """These partitions belong to somebody else now."""

    def close(self) -> None:
        """Leave the group."""


class Sink(Protocol):
    """A producer that acknowledges each record."""

    def send(self, message: Message, done: Callable[[BaseException | None], None]) -> None:
        """Hand a record over; `done` hears on another thread whether the broker has it.

        Raises:
            TooLarge: larger than any topic could take.
            Unavailable: the sink is not usable any more, until it is renewed.
        """

    def renew(self) -> None:
        """Start over. What was not acknowledged may or may not be there.

        Raises:
            Unavailable: trying again may help.
        """


class TransactionalSink(Protocol):
    """A producer whose records and positions count together or not at all."""

    def transact(
        self,
        messages: Sequence[Message],
        positions: Mapping[Partition, int],
        membership: Membership,
        still: Callable[[], None],
    ) -> None:
        """Send records and commit positions as one transaction.

        Args:
            membership: of a poll before which all these positions were ours.
            still: is called again and again while this waits; what it raises ends the waiting.

        Raises:
            Aborted: none of it counts; trying again may help.
            TooLarge: none of it counts; one of the records is too large for its topic.
            Unavailable: nobody knows whether it counts: begin anew from the committed positions.
            Fatal: it never will.
        """
