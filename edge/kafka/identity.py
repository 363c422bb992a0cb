"""Whether a topic is still the one that it was: another may have been made under its name."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

_NONE = UUID(int=0)
"""The id of what does not exist."""


@dataclass(slots=True)
class Identity:
    """A topic's id, which the cluster gives it when it is made, as last heard of.

    Offsets of a deleted topic say nothing of its successor, whose log may already be longer.
    """

    topic: str
    _id: Any = None

    def has_changed(self, consumer: Any) -> bool:
        """Whether the topic is another one than when this was asked last. While there is none, and
        on brokers that give topics no ids, it is not.
        """
        # What the client was last told; asking the cluster again would cost a request a poll.
        found = consumer._cluster.topic_id(self.topic)  # noqa: SLF001 - there is no public way
        if found == _NONE:
            found = None
        before, self._id = self._id, found or self._id
        return None not in (before, found) and before != found


def partitions_of(consumer: Any, topic: str) -> int:
    """How many partitions a topic has, as the client last heard; 0 where it was deleted."""
    # The public way asks the broker, and waits for it, where nothing is known.
    return len(consumer._cluster.partitions_for_topic(topic) or ())  # noqa: SLF001
