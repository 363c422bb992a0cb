"""The newest wish for this node's slot, from the start of the `models` topic on."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Event

import msgspec

from deploy.bundle.errors import Unavailable
from edge.frame import Partition, Range
from edge.kafka.reader import TopicReader
from edge.observe.logs import get_logger
from edge.pipeline.crew import Crew
from edge.record import Record
from edge.rollout.words import Desired, read_desired
from edge.settings.kafka import KafkaSettings

_log = get_logger("rollout")
NAME = "rollout-orders"
_BACKOFF = 2.0
_AGAIN_SECONDS = 30.0
"""All is read again so often: of a topic that was made anew, or whose log was cut, the records that
came meanwhile may lie before the place that we read on from.
"""


def unheard(_: str) -> None:
    """Whoever looks does not care why."""


def newest(records: Iterable[Record], slot: str) -> Desired | None:
    """The last of the records that is meant for the slot and can be understood."""
    found = [desired for record in records if (desired := desired_of(record, slot)) is not None]
    return found[-1] if found else None


def desired_of(
    record: Record, slot: str, complain: Callable[[str], None] = unheard
) -> Desired | None:
    """What a record wants of the slot; None where it is for another, or is none.

    Args:
        complain: hears why a record for the slot cannot be understood.
    """
    if record.key != slot.encode() or (record.value is None and record.corrupt is None):
        return None
    try:
        desired = read_desired(record.value or b"")
    except msgspec.MsgspecError as error:
        complain(str(error))
        return None
    if desired.slot != slot:
        complain(f"its key is {slot!r}, it says slot {desired.slot!r}")
        return None
    return desired


@dataclass(slots=True)
class Following:
    """A thread of the crew, with a consumer of its own that joins no group."""

    kafka: KafkaSettings
    topic: str
    slot: str
    crew: Crew
    hear: Callable[[Desired], None]
    """Is told what is wanted whenever that may have changed; the last word counts."""
    over: Event
    """Set at the end of this stay in the consumer group; the crew may go on to another."""
    _told: set[tuple[Partition, int]] = field(default_factory=set)

    def run(self) -> None:
        while not self._stopping:
            self.crew.beat(NAME)
            try:
                self._follow()
            except Exception as error:  # noqa: BLE001 - no trouble of a client's ends the service
                _log.warning("roll-outs cannot be followed, trying again", error=str(error))
                self.crew.wait(_BACKOFF)

    def _follow(self) -> None:
        """What lies there first, so that of several only the newest is heard; then what comes, for
        a while.
        """
        until = time.monotonic() + _AGAIN_SECONDS
        with TopicReader(self.kafka) as reader:
            held = reader.bounds(self.topic)
            if not held:
                raise Unavailable(f"topic {self.topic} does not exist any more")
            self.crew.beat(NAME)
            wanted = [self._read(record) for record in reader.read(held)]
        if known := [it for it in wanted if it is not None]:
            self.hear(known[-1])
        with TopicReader(self.kafka) as reader:
            for record in reader.follow(self.topic, from_start=True):
                self.crew.beat(NAME)
                if self._stopping or time.monotonic() > until:
                    return
                if record is None or self._is_old(record, held):
                    continue
                if (desired := self._read(record)) is not None:
                    self.hear(desired)

    @property
    def _stopping(self) -> bool:
        return self.over.is_set() or self.crew.stopping

    def _is_old(self, record: Record, held: dict[Partition, Range]) -> bool:
        return record.partition in held and record.offset < held[record.partition].end

    def _read(self, record: Record) -> Desired | None:
        def complain(why: str) -> None:
            place = (record.partition, record.offset)
            if place not in self._told:
                self._told.add(place)
                where = f"{record.partition}@{record.offset}"
                _log.error("a record of roll-outs is ignored", record=where, error=why)

        return desired_of(record, self.slot, complain)
