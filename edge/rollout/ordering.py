"""The next roll-out of a slot is written; of two at once the later counts, the other is told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from deploy.bundle.errors import Fatal
from edge.frame import Partition, Range
from edge.kafka.producer import RecordSink
from edge.kafka.reader import TopicReader
from edge.record import Message
from edge.rollout.following import desired_of, newest
from edge.rollout.remote import check_address
from edge.rollout.words import Desired, read_desired, write
from edge.settings.kafka import KafkaSettings

Next: TypeAlias = Callable[[Desired | None], Desired]
"""The roll-out that follows the newest one."""


class Overtaken(Fatal):
    """Somebody else's roll-out came later, and counts."""

    def __init__(self, ours: Desired, theirs: Desired) -> None:
        super().__init__(
            f"generation {ours.generation} of slot {ours.slot} was overtaken by generation "
            f"{theirs.generation}, {theirs.uri}: that is what nodes run"
        )


@dataclass(frozen=True, slots=True)
class Ordering:
    """Writes to the `models` topic."""

    kafka: KafkaSettings
    topic: str
    slot: str

    def newest(self) -> Desired | None:
        """What is wanted of the slot now.

        Raises:
            Fatal: there is no such topic.
            Unavailable: no broker answers.
        """
        with TopicReader(self.kafka) as reader:
            return newest(reader.read(self._held(reader)), self.slot)

    def order(self, following: Next) -> Desired:
        """Write the roll-out that follows the newest one, and return it as it was written.

        Whoever finds that another was written between its look and its own record writes again,
        with a number above both, so that numbers grow along the topic.

        Raises:
            Overtaken: another came right after it.
            Fatal: there is no such topic, or the newest one allows none after it.
            Unavailable: no broker answers.
        """
        sink = RecordSink(self.kafka, "yardlight-rollout")
        with TopicReader(self.kafka) as reader:
            held = self._held(reader)
            before = newest(reader.read(held), self.slot)
            first = following(before)
            sink.open()
            try:
                return self._append(reader, sink, held, first, following)
            finally:
                sink.close()

    def _append(
        self,
        reader: TopicReader,
        sink: RecordSink,
        held: dict[Partition, Range],
        desired: Desired,
        following: Next,
    ) -> Desired:
        while True:
            message = Message(self.topic, self.slot.encode(), written(desired))
            at, offset = sink.append(message)
            earlier, later = self._others(reader, at, held[at].end, offset)
            if later is not None:
                raise Overtaken(desired, later)
            if earlier is None or earlier.generation < desired.generation:
                return desired
            held = held | {at: Range(held[at].start, offset + 1)}
            desired = following(earlier)

    def _others(
        self, reader: TopicReader, at: Partition, start: int, ours: int
    ) -> tuple[Desired | None, Desired | None]:
        """The newest of those that came before ours unseen, and of those that came after it."""
        end = max(ours + 1, reader.bounds(self.topic)[at].end)
        found = [
            (record.offset, desired)
            for record in reader.read({at: Range(start, end)})
            if record.offset != ours and (desired := desired_of(record, self.slot)) is not None
        ]
        earlier = [desired for offset, desired in found if offset < ours]
        later = [desired for offset, desired in found if offset > ours]
        return earlier[-1] if earlier else None, later[-1] if later else None

    def _held(self, reader: TopicReader) -> dict[Partition, Range]:
        held = reader.bounds(self.topic)
        if not held:
            raise Fatal(
                f"topic {self.topic} does not exist: `yardlight-edge topics create` makes it, and "
                "nodes that `run --slot` follow it"
            )
        return held


def written(desired: Desired) -> bytes:
    """The record, if nodes will be able to read it, and everybody else may.

    Raises:
        Fatal: they would not, or may not.
    """
    try:
        value = write(desired)
        read_desired(value)
    except (msgspec.MsgspecError, OverflowError) as error:
        raise Fatal(f"no node could read such a roll-out: {error}") from error
    check_address(desired.uri)
    return value
