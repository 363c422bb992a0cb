"""The transactional producer of an exactly-once service, and kafka-python's traps around it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

from kafka import KafkaProducer
from kafka.errors import (
    AuthorizationError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    ProducerFencedError,
    UnknownError,
)

from deploy.bundle.errors import Fatal, Unavailable
from edge.frame import Partition
from edge.kafka.client import connection, require_broker
from edge.kafka.producer import MAX_RECORD_BYTES, end
from edge.kafka.unpack import offsets_of
from edge.record import Aborted, Message, TooLarge
from edge.settings.kafka import KafkaSettings

_BOOTSTRAP_MS = 10_000
_INIT_MS = 20_000
_RETRY_MS = 3
"""After each transaction the broker writes markers and refuses the next one for a moment;
kafka-python's 100 ms would make nine transactions a second out of fifty."""
_LONGEST_TIMEOUT = 10.0
_LONGEST_CALL = 20.0
"""Seconds: twice what any transaction is kept open."""
_TICK = 0.05
_FENCED_AGAIN_SECONDS = 60.0


class TransactionSink:
    """One transaction at a time. A new producer takes over from one with the same id, which aborts
    what that had open.
    """

    def __init__(self, settings: KafkaSettings, transactional_id: str) -> None:
        self._settings = settings
        self._id = transactional_id
        self._producer: Any = None
        self._fenced_at = float("-inf")

    @property
    def timeout(self) -> float:
        """Seconds after which the broker aborts a transaction that is not heard of."""
        return min(self._settings.session_timeout, _LONGEST_TIMEOUT)

    def open(self) -> None:
        """Connect and take over the transactional id.

        Raises:
            Unavailable: no broker can be used, or it did not answer in time; says why.
            Fatal: the transactional id may not be used.
        """
        require_broker(self._settings)
        try:
            self._producer = KafkaProducer(
                acks="all",
                transactional_id=self._id,
                transaction_timeout_ms=int(self.timeout * 1000),
                retry_backoff_ms=_RETRY_MS,
                max_block_ms=_INIT_MS,
                max_request_size=MAX_RECORD_BYTES,
                bootstrap_timeout_ms=_BOOTSTRAP_MS,
                **connection(self._settings, self._id),
            )
            keep_requests(self._producer)
            self._producer.init_transactions()
        except AuthorizationError as error:
            raise Fatal(f"transactional id {self._id} may not be used: {error}") from error
        except KafkaError as error:
            self.close()
            raise Unavailable(f"no transactions to be had: {error!r}") from error

    def transact(
        self,
        messages: Sequence[Message],
        positions: Mapping[Partition, int],
        membership: Any,
        still: Callable[[], None],
    ) -> None:
        """Send records and commit positions as one transaction (see `edge.pipeline.doors`)."""
        if membership.generation_id < 0:
            raise Aborted("this member is not in its group now")
        if self._producer is None:
            self._reopen()
        with self._ending():
            self._producer.begin_transaction()
            self._send(messages, still)
            offsets = offsets_of(positions)
            _call(lambda: self._producer.send_offsets_to_transaction(offsets, membership), still)
            self._finish(still)

    def close(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            end(producer)

    def _reopen(self) -> None:
        try:
            self.open()
        except Unavailable as error:
            raise Aborted(str(error)) from error

    def _send(self, messages: Sequence[Message], still: Callable[[], None]) -> None:
        """Send all and wait until the broker has them."""
        futures: list[Any] = []
        refused: list[BaseException] = []
        try:
            for message in messages:
                futures.append(self._hand_over(message))  # noqa: PERF401 - some may be there
        except KafkaError as error:
            # Once a record was refused no other is taken: why is what the first one was told.
            refused.append(error)
        _call(lambda: self._settle(futures), still)
        refused = [it.exception for it in futures if it.failed()] + refused
        if refused:
            raise next((it for it in refused if _is_too_large(it)), refused[0])

    def _settle(self, futures: Sequence[Any]) -> None:
        """Until each record was taken or refused. kafka-python's flush gives up at a batch that was
        too large and was split; its records go on in others.
        """
        with suppress(UnknownError):
            self._producer.flush()
        for future in futures:
            with suppress(KafkaError):
                future.get()

    def _hand_over(self, message: Message) -> Any:
        return self._producer.send(
            message.topic, value=message.value, key=message.key, headers=message.headers
        )

    def _finish(self, still: Callable[[], None]) -> None:
        try:
            _call(self._producer.commit_transaction, still)
        except ProducerFencedError:
            raise
        except KafkaError as error:
            raise Unavailable(
                f"whether the transaction was committed is not known: {error!r}"
            ) from error

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """What each way of failing means.

        A producer that failed is not used again; its successor aborts what it had open. Used again
        after a refused record, kafka-python's acknowledges later transactions and loses them; after
        refused offsets it commits these with the next transaction, whosever they are by then.
        """
        try:
            yield
        except KafkaError as error:
            self.close()
            raise self._meaning(error) from error
        except BaseException:
            self.close()
            raise

    def _meaning(self, error: KafkaError) -> Exception:
        match error:
            case ProducerFencedError():
                return self._fenced()
            case MessageSizeTooLargeError():
                return TooLarge(str(error))
            case AuthorizationError():
                return Fatal(f"the transaction is not allowed: {error}")
            case _:
                return Aborted(f"{error!r}")

    def _fenced(self) -> Exception:
        """Told to give way once: the broker aborted a transaction that took too long, or it is a
        successor's doing. Told again soon after: somebody else uses the same id.
        """
        before, self._fenced_at = self._fenced_at, time.monotonic()
        if self._fenced_at - before < _FENCED_AGAIN_SECONDS:
            return Fatal(
                f"another process uses the transactional id {self._id}: give each process of the "
                "group a --member of its own"
            )
        return Unavailable(f"the broker has closed the transactions of {self._id}")


def keep_requests(producer: Any) -> None:
    """Keep a producer from losing requests of a transaction whose coordinator is gone.

    kafka-python 3.0.12 asks for the new coordinator and puts the request back only if it is told
    that a node is not ready; its own client raises that instead, and the call never returns.
    """
    client = producer._sender._client  # noqa: SLF001 - there is no public way
    asked = client.await_ready

    def await_ready(node: Any, timeout_ms: float) -> bool:
        try:
            return bool(asked(node, timeout_ms=timeout_ms))
        except KafkaConnectionError:
            return False

    client.await_ready = await_ready


def _is_too_large(error: BaseException) -> bool:
    return isinstance(error, MessageSizeTooLargeError)


def _call(act: Callable[[], None], still: Callable[[], None]) -> None:
    """Call what has no timeout of its own, in a thread that may be left behind.

    Raises:
        Unavailable: it took longer than a broker keeps a transaction open; kafka-python's may go on
            for ever after a broker was gone in the midst of it.
    """
    raised: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - raised again below
            raised.append(error)

    thread = Thread(target=run, name="transaction", daemon=True)
    thread.start()
    deadline = time.monotonic() + _LONGEST_CALL
    while thread.is_alive():
        thread.join(_TICK)
        still()
        if thread.is_alive() and time.monotonic() > deadline:
            raise Unavailable(f"a transaction was not answered in {_LONGEST_CALL:g} s")
    if raised:
        raise raised[0]
