"""The frames behind letters: read where they lie, saved where somebody asks for it."""

from pathlib import Path

from deploy.bundle.errors import Fatal
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


def save_picture(path: Path, frame: Record | None) -> None:
    """Write a frame's bytes into a new file.

    Raises:
        Fatal: there are none, or the file exists or cannot be written.
    """
    if frame is None or frame.value is None:
        raise Fatal("there is no picture: neither does the letter hold one nor is its frame kept")
    try:
        with path.open("xb") as file:
            file.write(frame.value)
    except FileExistsError:
        raise Fatal(f"{path} exists already, and is left as it is") from None
    except OSError as error:
        raise Fatal(f"{path} cannot be written: {error.strerror}") from error
