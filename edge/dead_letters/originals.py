"""The frames of letters that hold no bytes, read where they lie."""

from edge.dead_letters.letter import Letter
from edge.frame import Range
from edge.kafka.reader import TopicReader
from edge.record import Record


def original_of(reader: TopicReader, letter: Letter) -> Record | None:
    """The frame that a letter is for; None if it is not kept any more.

    Raises:
        Unavailable: the broker stopped answering.
    """
    held = reader.bounds(letter.frame.topic).get(letter.frame)
    if held is None or not held.start <= letter.frame_offset < held.end:
        return None
    wanted = Range(letter.frame_offset, letter.frame_offset + 1)
    found = list(reader.read({letter.frame: wanted}))
    # Compaction may have taken it, and left the offset.
    return found[0] if found else None
