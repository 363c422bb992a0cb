"""A transaction that is never answered does not hold the service up for ever."""

from threading import Event
from unittest.mock import patch

import pytest

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
