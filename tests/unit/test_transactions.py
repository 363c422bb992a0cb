"""A transaction that is never answered does not hold the service up for ever."""

from threading import Event
from unittest.mock import MagicMock, patch

import pytest
from kafka.errors import KafkaConnectionError

from deploy.bundle.errors import Unavailable
from edge.kafka import transactions


def _forever(end: Event) -> None:
    end.wait()


def test_what_is_never_answered_is_given_up() -> None:
    never, beats = Event(), []
    with (
        patch.multiple(transactions, _LONGEST_CALL=0.05, _TICK=0.01),
        pytest.raises(Unavailable, match="not answered"),
    ):
        transactions._call(lambda: _forever(never), lambda: beats.append(1))
    never.set()
    assert beats


def test_what_is_raised_by_a_call_is_raised_here() -> None:
    def fail() -> None:
        raise KeyError("refused")

    with pytest.raises(KeyError, match="refused"):
        transactions._call(fail, lambda: None)


def test_a_coordinator_that_is_gone_is_not_ready_and_its_request_is_kept() -> None:
    client, producer = MagicMock(), MagicMock()
    producer._sender._client = client
    client.await_ready.side_effect = [KafkaConnectionError("gone"), True]
    transactions.keep_requests(producer)
    assert client.await_ready("coordinator-1", timeout_ms=1) is False
    assert client.await_ready("coordinator-2", timeout_ms=1) is True
