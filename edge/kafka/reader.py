"""Reading topics from outside a group: ranges for the audit, the newest records for a viewer."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from kafka import KafkaConsumer
from kafka.errors import KafkaError, KafkaTimeoutError

from deploy.bundle.errors import Fatal, Unavailable
from edge.frame import Partition, Range
from edge.kafka.client import connection, require_broker
from edge.kafka.unpack import place_of, record_of
from edge.kafka.unreadable import UNREADABLE, step_over
from edge.observe.logs import get_logger
from edge.record import Record
from edge.settings.kafka import KafkaSettings

_log = get_logger("reader")
_BOOTSTRAP_MS = 10_000
_POLL_MS = 500
_IDLE_POLLS = 40
_WAIT_SECONDS = 0.5
_WHOLE_FETCH = 1_000_000


class TopicReader:
    """Reads without joining a group, so that nobody is disturbed. Use with `with`."""

    def __init__(self, settings: KafkaSettings, group: str | None = None) -> None:
        self._settings = settings
        self._group = group
        self._consumer: Any = None

    def __enter__(self) -> "TopicReader":
        """Connect.

        Raises:
            Unavailable: no broker can be used; says why.
        """
        require_broker(self._settings)
        try:
            self._consumer = KafkaConsumer(
                group_id=self._group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                max_partition_fetch_bytes=4 << 20,
                # A fetch is handed over whole: where it leads to is where its last batch ends.
                max_poll_records=_WHOLE_FETCH,
                bootstrap_timeout_ms=_BOOTSTRAP_MS,
                **connection(self._settings, "yardlight-reader"),
            )
        except KafkaTimeoutError as error:
            raise Unavailable(
                f"no Kafka broker answers at {self._settings.bootstrap_servers}: {error}"
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._consumer.close(autocommit=False)

    def partitions(self, topic: str) -> list[Partition]:
        """The partitions of a topic; none if there is no such topic.

        Raises:
            Unavailable: the broker stopped answering.
        """
        with _asking(topic):
            numbers = self._consumer.partitions_for_topic(topic) or set()
        return [Partition(topic, number) for number in sorted(numbers)]

    def bounds(self, topic: str) -> dict[Partition, Range]:
        """What each partition of a topic holds now; empty if there is no such topic.

        Raises:
            Unavailable: the broker stopped answering.
        """
        places = [place_of(at) for at in self.partitions(topic)]
        with _asking(topic):
            starts = self._consumer.beginning_offsets(places)
            ends = self._consumer.end_offsets(places)
        held = {Partition(topic, at.partition): Range(starts[at], ends[at]) for at in places}
        return {at: Range(held[at].start, end) for at, end in self._true_ends(held).items()}

    def offsets_at(self, seconds: float, held: Mapping[Partition, Range]) -> dict[Partition, int]:
        """The first offset in each partition whose record is not older than that, in Unix seconds;
        the end where all are older.

        Raises:
            Fatal: the broker does not find records by time (Tansu names the start, whatever the
                time).
            Unavailable: the broker stopped answering.
        """
        asked = {place_of(at): max(0, round(seconds * 1000)) for at in held}
        with _asking("offsets by time"):
            found = self._consumer.offsets_for_times(dict(asked))
        offsets = {}
        for at, kept in held.items():
            answer = found[place_of(at)]
            if answer is not None and answer.timestamp < asked[place_of(at)]:
                raise Fatal(f"this broker finds no records of {at.topic} by time: give offsets")
            offsets[at] = kept.end if answer is None else answer.offset
        return offsets

    def committed(self, partition: Partition) -> int | None:
        """The group's position in a partition, None if it never committed one.

        Raises:
            Unavailable: the broker stopped answering.
        """
        with _asking(partition.topic):
            position: int | None = self._consumer.committed(place_of(partition))
        return position

    def read(self, ranges: Mapping[Partition, Range]) -> Iterator[Record]:
        """Every record of the ranges, in offset order within each partition; one that cannot be
        read comes as corrupt, without key, value, headers and time.

        Raises:
            Unavailable: the broker stopped answering before the ends were reached.
        """
        left = self._begin({at: held.start for at, held in ranges.items() if held.start < held.end})
        idle = 0
        while left:
            polled = self._poll()
            idle = 0 if polled else idle + 1
            if idle > _IDLE_POLLS:
                raise Unavailable(f"nothing came from {', '.join(map(str, ranges))} any more")
            for record in polled:
                if record.offset < ranges[record.partition].end:
                    yield record
            for place, at in list(left.items()):
                if self._consumer.position(place) >= ranges[at].end:
                    del left[place]
                    self._consumer.pause(place)

    def read_all(self, topic: str) -> Iterator[Record]:
        """Every record that a topic holds now.

        Raises:
            Unavailable: the broker stopped answering before the end was reached.
        """
        return self.read(self.bounds(topic))

    def _true_ends(self, held: Mapping[Partition, Range]) -> dict[Partition, int]:
        """Where the partitions end. Tansu names the first record of the last batch as the end;
        where reading it leads to is right everywhere, and never beyond an open transaction.
        """
        ends = {at: within.end for at, within in held.items()}
        last = {at: within.end - 1 for at, within in held.items() if within.start < within.end}
        for _ in self.read({at: Range(start, start + 1) for at, start in last.items()}):
            pass
        for at in last:
            ends[at] = max(ends[at], self._consumer.position(place_of(at)))
        return ends

    def _begin(self, starts: Mapping[Partition, int]) -> dict[Any, Partition]:
        """Set out to read from these offsets."""
        places = {place_of(at): at for at in starts}
        self._consumer.assign(list(places))
        for place, at in places.items():
            self._consumer.seek(place, starts[at])
        self._consumer.resume(*places)
        return places

    def follow(self, *topics: str, from_start: bool) -> Iterator[Record | None]:
        """Records of topics as they come, and None whenever nothing came for half a second.

        A topic that does not exist yet is waited for, and then read from its start.

        Raises:
            Unavailable: the broker stopped answering.
        """
        late = {topic for topic in topics if self._wait_for(topic)}
        places = [place_of(at) for topic in topics for at in self.partitions(topic)]
        with _asking(", ".join(topics)):
            self._consumer.assign(places)
            for place in places:
                to_start = from_start or place.topic in late
                seek = self._consumer.seek_to_beginning if to_start else self._consumer.seek_to_end
                seek(place)
        while True:
            polled = self._poll()
            yield from polled
            if not polled:
                yield None

    def _wait_for(self, topic: str) -> bool:
        """Return once the topic exists, and whether it had to be waited for."""
        waited = False
        while not self._exists(topic):
            if not waited:
                _log.warning("waiting for the topic, it does not exist yet", topic=topic)
                waited = True
            time.sleep(_WAIT_SECONDS)
        return waited

    def _exists(self, topic: str) -> bool:
        """Asking for all names never creates one of them, asking for one may."""
        with _asking("topics"):
            present = topic in self._consumer.topics()
        return present and bool(self.partitions(topic))

    def _poll(self) -> list[Record]:
        try:
            with _asking("records"):
                polled = self._consumer.poll(timeout_ms=_POLL_MS)
        except UNREADABLE as error:
            return [step_over(self._consumer, error)]
        return [record_of(raw) for records in polled.values() for raw in records]


@contextmanager
def _asking(what: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE:
        raise
    except KafkaError as error:
        raise Unavailable(f"asking the broker for {what} failed: {error!r}") from error
