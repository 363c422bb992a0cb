"""How long each frame waited for its outcome, by the broker's own clock and another client library.

Both topics keep the time at which the broker appended a record, so nothing that a service says of
itself is part of the figure.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from edge.settings.topics import TopicSettings
from tests.faults.recount import Place, committed_records

APPEND_TIME = {"message.timestamp.type": "LogAppendTime"}
"""What a topic must be told for its records to carry that time."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A frame that has an outcome. Unix seconds of the broker, to a millisecond."""

    partition: int
    camera: str
    appended: float
    served: float
    """When its first outcome was appended."""

    def since(self, moment: float) -> float:
        """Seconds for which it waited after a moment."""
        return self.served - max(moment, self.appended)


def waits(address: str, topics: TopicSettings) -> Sequence[Wait]:
    """Those of every classified frame, in no order."""
    served: dict[Place, tuple[str, float]] = {}
    for record in committed_records(address, topics.results_topic):
        seen = json.loads(record.value())
        place = seen["frame"]["partition"], seen["frame"]["offset"]
        served.setdefault(place, (seen["camera"], _appended(record)))
    frames = committed_records(address, topics.frames_topic)
    found = ((record, (record.partition(), record.offset())) for record in frames)
    return [
        Wait(place[0], served[place][0], _appended(record), served[place][1])
        for record, place in found
        if place in served
    ]


def longest(found: Sequence[Wait], begin: float, end: float) -> float:
    """Seconds for which the frame waited longest that was there, or came, between two moments."""
    there = (it for it in found if it.appended < end and it.served > begin)
    return max((it.since(begin) for it in there), default=0.0)


def _appended(record: "object") -> float:
    return float(record.timestamp()[1]) / 1000  # type: ignore[attr-defined] # confluent-kafka
