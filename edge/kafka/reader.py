"""Reading topics from outside a group: ranges for the audit, the newest records for a viewer."""

from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError

from deploy.bundle.errors import Unavailable
from edge.frame import Partition, Range
from edge.kafka.client import connection
from edge.kafka.unpack import place_of, record_of
from edge.record import Record
from edge.settings import KafkaSettings

_BOOTSTRAP_MS = 10_000
_POLL_MS = 500
_IDLE_POLLS = 40


class TopicReader:
    """Reads without joining a group, so that nobody is disturbed. Use with `with`."""

    def __init__(self, settings: KafkaSettings, group: str | None = None) -> None:
        self._settings = settings
        self._group = group
        self._consumer: Any = None

    def __enter__(self) -> "TopicReader":
        try:
            self._consumer = KafkaConsumer(
                group_id=self._group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                max_partition_fetch_bytes=4 << 20,
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

    def topics(self) -> set[str]:
        """Names of the topics that exist."""
        return set(self._consumer.topics())

    def bounds(self, topic: str) -> dict[Partition, Range]:
        """What each partition of a topic holds now; empty if there is no such topic."""
        numbers = self._consumer.partitions_for_topic(topic) or set()
        places = [TopicPartition(topic, number) for number in sorted(numbers)]
        starts = self._consumer.beginning_offsets(places)
        ends = self._consumer.end_offsets(places)
        return {Partition(topic, at.partition): Range(starts[at], ends[at]) for at in places}

    def committed(self, partition: Partition) -> int | None:
        """The group's position in a partition, None if it never committed one."""
        position: int | None = self._consumer.committed(place_of(partition))
        return position

    def read(self, ranges: Mapping[Partition, Range]) -> Iterator[Record]:
        """Every record of the ranges, in offset order within each partition.

        Raises:
            Unavailable: the broker stopped answering before the ends were reached.
        """
        ends = {at: asked.end for at, asked in ranges.items()}
        for record in self._read_from(ranges, lambda at, _: ends[at]):
            if record.offset < ends[record.partition]:
                yield record

    def read_all(self, topic: str) -> Iterator[Record]:
        """Every record that a topic holds, up to the high watermark.

        Raises:
            Unavailable: the broker stopped answering before the end was reached.
        """
        # Tansu's end offsets are too low; the high watermark of a fetch is right everywhere.
        return self._read_from(self.bounds(topic), lambda _, high: high)

    def _read_from(
        self, ranges: Mapping[Partition, Range], end: Callable[[Partition, int], int]
    ) -> Iterator[Record]:
        """Records from each start on, until each position has reached its end."""
        left = {place_of(at): at for at, asked in ranges.items() if asked.start < asked.end}
        if not left:
            return
        self._consumer.assign(list(left))
        for place, at in left.items():
            self._consumer.seek(place, ranges[at].start)
        idle = 0
        while left:
            polled = self._poll()
            idle = 0 if polled else idle + 1
            if idle > _IDLE_POLLS:
                raise Unavailable(f"nothing came from {', '.join(map(str, ranges))} any more")
            for records in polled.values():
                yield from map(record_of, records)
            for place, at in list(left.items()):
                high = max(self._consumer.highwater(place) or 0, ranges[at].end)
                if self._consumer.position(place) >= end(at, high):
                    del left[place]
                    self._consumer.pause(place)

    def follow(self, topic: str, *, from_start: bool) -> Iterator[Record | None]:
        """Records of a topic as they come, and None whenever nothing came for half a second."""
        numbers = self._consumer.partitions_for_topic(topic) or set()
        places = [TopicPartition(topic, number) for number in sorted(numbers)]
        self._consumer.assign(places)
        seek = self._consumer.seek_to_beginning if from_start else self._consumer.seek_to_end
        seek(*places)
        while True:
            polled = self._poll()
            for records in polled.values():
                yield from map(record_of, records)
            if not polled:
                yield None

    def _poll(self) -> Mapping[Any, Any]:
        try:
            polled: Mapping[Any, Any] = self._consumer.poll(timeout_ms=_POLL_MS)
        except KafkaError as error:
            raise Unavailable(f"reading failed: {error!r}") from error
        return polled
