"""Which letters were replayed already, told by the topics: nothing else is remembered anywhere.

A frame that was put back says for which letter, and its outcome repeats it. So the outcomes tell of
all that has been looked at, and the frames above the group's position of what is still to come.
"""

from collections.abc import Iterator
from itertools import chain

from edge.frame import Partition, Range
from edge.hops import REPLAY_OF
from edge.kafka.reader import TopicReader
from edge.record import Record
from edge.settings.topics import TopicSettings


def replayed_before(reader: TopicReader, topics: TopicSettings) -> set[str]:
    """The ids of letters whose frame was put back.

    Args:
        reader: of the group whose letters they are.

    Raises:
        Unavailable: the broker stopped answering.
    """
    waiting = dict(_waiting(reader, topics.frames_topic))
    outcomes = {
        at: held
        for topic in (topics.results_topic, topics.dead_letters_topic)
        for at, held in reader.bounds(topic).items()
    }
    records = chain(reader.read(waiting), reader.read(outcomes))
    return {letter for record in records if (letter := _replay_of(record))}


def _waiting(reader: TopicReader, topic: str) -> Iterator[tuple[Partition, Range]]:
    """Frames that the group has not answered yet. Their bounds are taken before those of the
    outcomes, so that one which is answered meanwhile is seen here or there.
    """
    for at, held in reader.bounds(topic).items():
        yield at, Range(max(held.start, reader.committed(at) or 0), held.end)


def _replay_of(record: Record) -> str:
    return dict(record.headers).get(REPLAY_OF, b"").decode("utf-8", "replace")
