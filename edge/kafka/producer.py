"""The one producer of the service: sends records, tells what became of each."""

from collections.abc import Callable
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from deploy.bundle.errors import Fatal, Unavailable
from edge.frame import Partition
from edge.kafka.client import connection, require_broker
from edge.record import Message, TooLarge
from edge.settings.kafka import KafkaSettings

_BOOTSTRAP_MS = 10_000
_BLOCK_MS = 5_000
_DELIVERY_MS = 120_000
_CLOSE_SECONDS = 5.0
MAX_RECORD_BYTES = 64 << 20
"""What this client lets through; the topic's own `max.message.bytes` is what decides."""


class RecordSink:
    """A producer with acks=all, idempotent unless told.

    After one refused record kafka-python's idempotent producer refuses all that follow, so whoever
    hears of a failure calls `renew` and sends everything again that was not acknowledged. One that
    is not idempotent goes on; a retry of its own may then repeat a record.
    """

    def __init__(self, settings: KafkaSettings, client_id: str, *, idempotent: bool = True) -> None:
        self._settings = settings
        self._client_id = client_id
        self._idempotent = idempotent
        self._producer: Any = None

    def open(self) -> None:
        """Connect.

        Raises:
            Unavailable: no broker can be used, or it did not answer in time; says why.
        """
        # A constructor that fails leaks a thread, so none is tried in vain.
        require_broker(self._settings)
        try:
            self._producer = KafkaProducer(
                acks="all",
                enable_idempotence=self._idempotent,
                linger_ms=0,
                max_block_ms=_BLOCK_MS,
                delivery_timeout_ms=_DELIVERY_MS,
                max_request_size=MAX_RECORD_BYTES,
                bootstrap_timeout_ms=_BOOTSTRAP_MS,
                **connection(self._settings, self._client_id),
            )
        except KafkaTimeoutError as error:
            raise Unavailable(
                f"{self._settings.bootstrap_servers} listens but does not answer as Kafka: {error}"
            ) from error

    def send(self, message: Message, done: Callable[[BaseException | None], None]) -> None:
        """Hand a record over; `done` hears on kafka-python's thread whether the broker has it.

        Raises:
            TooLarge: larger than any topic could take.
            Unavailable: the topic is unknown or the producer is not usable any more.
        """
        future = self._hand_over(message)
        future.add_callback(lambda _: done(None))
        future.add_errback(lambda error: done(_plain(error)))

    def append(self, message: Message) -> tuple[Partition, int]:
        """Send one record and wait until the broker has it; its partition and offset.

        Raises:
            TooLarge: the topic does not take it; a new producer goes on with the next.
            Unavailable: it was not acknowledged in time, and may or may not be there.
        """
        try:
            lies = self._hand_over(message).get(_DELIVERY_MS / 1000)
        except MessageSizeTooLargeError as error:
            self.renew()
            raise TooLarge(str(error)) from error
        except KafkaError as error:
            raise Unavailable(f"{message.topic} did not take a record: {error!r}") from error
        return Partition(lies.topic, lies.partition), lies.offset

    def renew(self) -> None:
        """Replace a producer that refuses to go on. Unacknowledged records may or may not be there.

        Raises:
            Unavailable: the broker did not answer, or a file of the settings is not there now: it
                was there at the start, so somebody is replacing it.
        """
        self.close()
        try:
            self.open()
        except Fatal as error:
            raise Unavailable(str(error)) from error

    def flush(self, seconds: float) -> None:
        """Wait until all that was sent is answered, or the time is over."""
        try:
            self._producer.flush(timeout=seconds)
        except KafkaError as error:
            raise Unavailable(f"records were not acknowledged in time: {error!r}") from error

    def close(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            end(producer)

    def _hand_over(self, message: Message) -> Any:
        try:
            return self._producer.send(
                message.topic, value=message.value, key=message.key, headers=message.headers
            )
        except MessageSizeTooLargeError as error:
            raise TooLarge(str(error)) from error
        except KafkaError as error:
            raise Unavailable(f"{message.topic} does not take records: {error!r}") from error


def _plain(error: BaseException) -> BaseException:
    if isinstance(error, MessageSizeTooLargeError):
        return TooLarge(str(error))
    return error


def end(producer: Any) -> None:
    """Close a producer of kafka-python, though its records are not answered."""
    try:
        producer.close(timeout=_CLOSE_SECONDS)
    except KafkaError:
        # It gave up at its own flush, and left its thread behind.
        producer._sender.force_close()  # noqa: SLF001 - there is no public way
