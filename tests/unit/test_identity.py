"""A topic that was made anew is told from the one that it was."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from edge.kafka.identity import Identity

FIRST, SECOND, NONE = UUID(int=1), UUID(int=2), UUID(int=0)


@dataclass
class Consumer:
    """What its client was last told."""

    id: UUID | None = None

    @property
    def _cluster(self) -> Any:
        return self

    def topic_id(self, _: str) -> UUID | None:
        return self.id


def answers(*ids: UUID | None) -> list[bool]:
    """What is said of one id after the other."""
    identity = Identity("frames")
    return [identity.has_changed(Consumer(it)) for it in ids]


def test_another_id_is_another_topic_and_is_told_once() -> None:
    assert answers(FIRST, FIRST, SECOND, SECOND) == [False, False, True, False]


def test_a_topic_that_is_away_for_a_while_has_not_changed() -> None:
    assert answers(FIRST, None, NONE, FIRST) == [False] * 4


def test_one_that_was_away_and_is_another_has() -> None:
    assert answers(FIRST, NONE, None, SECOND) == [False, False, False, True]


def test_a_broker_without_ids_says_nothing() -> None:
    assert answers(None, None, NONE, NONE) == [False] * 4
