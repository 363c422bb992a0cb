"""How far a consumer is behind, for every partition that it owns."""

import time
from collections.abc import Iterable
from typing import Any

from kafka.errors import KafkaError

from edge.frame import Partition
from edge.observe.logs import get_logger

_log = get_logger("consumer")
_ASK_SECONDS = 5.0
_ANSWER_MS = 1_000


class Lag:
    """Where each partition ends, against what was polled of it. Used by the thread that polls.

    A fetch brings the high watermark along, but partitions that wait for their first turn, or are
    paused, are not fetched; then the broker is asked every few seconds. Not otherwise: the answer
    comes on the connection of the fetches and waits behind the one under way.
    """

    def __init__(self) -> None:
        self._next: dict[Partition, int] = {}
        self._ends: dict[Any, int] = {}
        self._due = 0.0

    def note(self, partition: Partition, after: int) -> None:
        """Everything below `after` was polled."""
        self._next[partition] = after

    def forget(self, partitions: Iterable[Partition]) -> None:
        for partition in partitions:
            self._next.pop(partition, None)

    def now(self, consumer: Any) -> dict[Partition, int]:
        """Frames in each partition that were not polled yet."""
        self._ask(consumer)
        lags = {}
        for place in consumer.assignment():
            partition = Partition(place.topic, place.partition)
            if partition in self._next:
                end = max(consumer.highwater(place) or 0, self._ends.get(place, 0))
                lags[partition] = max(0, end - self._next[partition])
        return lags

    def _ask(self, consumer: Any) -> None:
        now, places = time.monotonic(), consumer.assignment()
        unknown = [place for place in places if consumer.highwater(place) is None]
        if not (unknown or consumer.paused()) or (now < self._due and self._ends.keys() == places):
            return
        self._due = now + _ASK_SECONDS
        try:
            self._ends = consumer.end_offsets(places, timeout_ms=_ANSWER_MS)
            for place in unknown:
                start = consumer.position(place, timeout_ms=_ANSWER_MS)
                if start is not None:
                    self._next.setdefault(Partition(place.topic, place.partition), start)
        except KafkaError as error:
            _log.warning("lag is out of date", error=repr(error))
