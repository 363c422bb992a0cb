"""The one consumer of the service: membership, polling, positions, and kafka-python's traps.

All methods belong to the thread that polls. Rebalance callbacks run on kafka-python's own thread
while that thread is inside `poll` or `close`.
"""

import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kafka import KafkaConsumer
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    KafkaTimeoutError,
    UnsupportedCodecError,
)

from deploy.bundle.errors import Fatal, Unavailable
from edge.frame import Partition
from edge.kafka.client import (
    HEARTBEAT_INTERVAL_MS,
    connection,
    keep_large_buffers,
)
from edge.kafka.identity import Identity, partitions_of
from edge.kafka.lag import Lag
from edge.kafka.positions import NoPosition, find_position
from edge.kafka.rebalance import Listener, Rebalance, RememberingAssignor
from edge.kafka.takeover import Takeover
from edge.kafka.unpack import offsets_of, record_of
from edge.kafka.unreadable import UNREADABLE, step_over
from edge.observe.logs import get_logger
from edge.record import Record
from edge.settings.kafka import KafkaSettings
from edge.suspicion import LEFT

_log = get_logger("consumer")
_BOOTSTRAP_MS = 30_000
_COMMIT_MS = 5_000
_JOIN_SECONDS = 0.5
_DRAIN_STEP = 0.005
_PARTITION_FETCH_BYTES = 2 << 20
_FETCH_BYTES = 16 << 20
_RECEIVE_BUFFER = 4 << 20
_FETCH_WAIT_MS = 200


class RecordSource:
    """A member of a consumer group. Opening joins the group at the first `poll`."""

    def __init__(
        self, settings: KafkaSettings, topic: str, group: str, *, max_records: int
    ) -> None:
        self._settings = settings
        self._topic = topic
        self._group = group
        self._max_records = max_records
        self._consumer: Any = None
        self._paused = False
        self._lag = Lag()
        self._takeover = Takeover()
        self._identity = Identity(topic)
        self._rebalance: Rebalance | None = None
        self.membership: Any = None
        """Who we were in the group after the newest poll, None before the first."""

    def open(self, rebalance: Rebalance) -> None:
        """Connect and subscribe. A broker must be listening (`wait_for_broker`).

        Raises:
            Unavailable: the broker did not answer in time, or refused the credentials.
        """
        keep_large_buffers()
        options = connection(self._settings, f"yardlight-{self._group}-consumer")
        assignor = RememberingAssignor()
        try:
            self._consumer = KafkaConsumer(
                group_id=self._group,
                enable_auto_commit=False,
                auto_offset_reset="none",  # `find_position` decides
                isolation_level="read_committed",
                partition_assignment_strategy=[assignor],
                session_timeout_ms=int(self._settings.session_timeout * 1000),
                heartbeat_interval_ms=HEARTBEAT_INTERVAL_MS,
                max_poll_records=self._max_records,
                max_partition_fetch_bytes=_PARTITION_FETCH_BYTES,
                fetch_max_bytes=_FETCH_BYTES,
                fetch_max_wait_ms=_FETCH_WAIT_MS,
                socket_options=[
                    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
                    (socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER),
                ],
                bootstrap_timeout_ms=_BOOTSTRAP_MS,
                **options,
            )
        except KafkaTimeoutError as error:
            raise Unavailable(
                f"{self._settings.bootstrap_servers} listens but does not answer as Kafka: {error}"
            ) from error
        self._rebalance = rebalance
        listener = Listener(self._consumer, rebalance, assignor, self._takeover)
        self._consumer.subscribe([self._topic], listener=listener)

    def poll(self, seconds: float) -> list[Record]:
        """Fetch what is there, waiting up to `seconds` for the first record.

        Frames that were deleted before they were read come as records that say so (`lost_from`).
        A record that cannot be unpacked comes without a value: kafka-python would hang for ever if
        it were polled again at that position (its `fetched_records` loops).

        Raises:
            Fatal: the group or topic may not be read, or records cannot be unpacked at all.
        """
        if self._take_up_unfinished_join():
            seconds = max(seconds, _JOIN_SECONDS)
        self._take_up()
        try:
            polled = self._consumer.poll(timeout_ms=int(seconds * 1000))
            if self._identity.has_changed(self._consumer):
                return self._begin_anew()
        except UNREADABLE as error:
            return [self._step_over(error)]
        except NoPosition as error:
            if self._identity.has_changed(self._consumer):
                return self._begin_anew()
            return self._find_position(error)
        except UnsupportedCodecError as error:
            raise Fatal(
                f"frames in {self._topic} are compressed in a way that is not supported ({error}): "
                "JPEG does not compress, send frames uncompressed or with gzip"
            ) from error
        except AuthorizationError as error:
            raise Fatal(f"{self._topic} may not be read by group {self._group}: {error}") from error
        except KafkaError as error:
            raise Unavailable(f"polling {self._topic} failed: {error!r}") from error
        finally:
            # Right after a poll, in which partitions were lost and given back: later it may be that
            # of a member that was evicted, with which the broker lets everything pass.
            self.membership = self._consumer.group_metadata()
        return [self._received(raw) for records in polled.values() for raw in records]

    def pause(self) -> None:
        """Stop fetching; `poll` must go on, it is what keeps the membership."""
        self._paused = True
        self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            self._fetch_again()

    def commit_soon(
        self,
        positions: Mapping[Partition, int],
        done: Callable[[BaseException | None], None],
    ) -> None:
        """Commit in the background; `done` hears on kafka-python's thread how it went."""

        def answered(_: Any, response: Any) -> None:
            done(response if isinstance(response, BaseException) else None)

        self._consumer.commit_async(offsets_of(positions), callback=answered)

    def commit_now(self, positions: Mapping[Partition, int], left: Mapping[Partition, int]) -> None:
        """Commit and wait for it; `left` are the positions of what is given back in order.

        Raises:
            Unavailable: it was not acknowledged; the frames will be delivered again.
        """
        offsets = offsets_of(positions) | offsets_of(left, LEFT)
        try:
            self._consumer.commit(offsets, timeout_ms=_COMMIT_MS)
        except KafkaError as error:
            raise Unavailable(f"offsets were not committed: {error!r}") from error

    @property
    def joined(self) -> bool:
        """Whether the group counts this member, with or without partitions."""
        return self._consumer is not None and self._consumer.group_metadata().generation_id >= 0

    def lag(self) -> dict[Partition, int]:
        """Frames in each partition that were not polled yet; asks the broker every few seconds."""
        return self._lag.now(self._consumer)

    def partitions(self) -> int:
        """How many partitions the topic has, as last heard of; 0 where it was deleted."""
        return partitions_of(self._consumer, self._topic)

    def forget(self, partitions: Iterable[Partition]) -> None:
        """These partitions belong to somebody else now."""
        self._lag.forget(partitions)

    def close(self) -> None:
        """Give back the partitions and leave the group."""
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            consumer.close(autocommit=False)

    def _take_up(self) -> None:
        """Begin with what was assigned, now that its frames may come."""
        assert self._rebalance is not None
        taken = self._takeover.take_up(self._consumer)
        for one in taken:
            self._rebalance.taken_up(one.partition, one.position, one.suspicion)
        if taken and not self._paused:
            self._fetch_again()

    def _fetch_again(self) -> None:
        paused = self._consumer.paused()
        self._consumer.resume(*(it for it in paused if not self._takeover.held_back(it)))

    def _take_up_unfinished_join(self) -> bool:
        """Ask again for a join that outlasted the `poll` which began it; whether there is one.

        kafka-python 3.0.12 forgets it where changed metadata was the cause: heartbeats stay off,
        the broker evicts the member, and `poll` returns nothing for ever, without an error. And a
        join that ends between two polls is thrown away and begun anew, so it is polled for longer:
        with short polls a group may go on joining for ever.
        """
        coordinator = self._consumer._coordinator  # noqa: SLF001 - there is no public way to ask
        if not coordinator.rejoining:
            return False
        coordinator.request_rejoin()
        return True

    def _received(self, raw: Any) -> Record:
        record = record_of(raw)
        self._lag.note(record.partition, record.offset + 1)
        return record

    def _begin_anew(self) -> list[Record]:
        """Nothing comes with this poll: what was fetched may lie behind the first frame."""
        assert self._rebalance is not None
        owned = [Partition(it.topic, it.partition) for it in self._consumer.assignment()]
        _log.warning("the topic was deleted and made again, beginning anew", topic=self._topic)
        for partition in owned:
            self._rebalance.cut(partition, 0)
        self._lag.forget(owned)
        self._takeover.begin_anew(self._consumer, owned)
        return []

    def _find_position(self, error: Exception) -> list[Record]:
        assert self._rebalance is not None
        try:
            lost = find_position(self._consumer, error, self._rebalance.cut)
        except KafkaError as failure:
            raise Unavailable(f"no position in {self._topic}: {failure!r}") from failure
        for record in lost:
            self._lag.note(record.partition, record.offset + 1)
        return lost

    def _step_over(self, error: Exception) -> Record:
        record = step_over(self._consumer, error)
        self._lag.note(record.partition, record.offset + 1)
        return record
