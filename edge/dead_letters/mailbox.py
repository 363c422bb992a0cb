"""The dead-letters topic, read letter by letter."""

import re
from collections.abc import Iterator, Mapping

from deploy.bundle.errors import Fatal
from edge.dead_letters.letter import Letter, NotALetter, read_letter
from edge.dead_letters.selection import Selection
from edge.frame import Partition, Range
from edge.kafka.reader import TopicReader
from edge.record import Record

_PLACE = re.compile(r"(?:.*/)?(?P<partition>\d{1,9})@(?P<offset>\d{1,18})")


class Mailbox:
    """What the topic holds when it is asked; one reading at a time."""

    def __init__(self, reader: TopicReader, topic: str) -> None:
        self._reader = reader
        self._topic = topic
        self.unreadable = 0
        """Records seen so far that are no dead letters of Yardlight."""

    def letters(self, selection: Selection) -> Iterator[tuple[Letter, Record]]:
        """The letters of a selection with their records, in offset order within each partition.

        Raises:
            Fatal: there is no such topic or partition.
            Unavailable: the broker stopped answering.
        """
        for record in self._reader.read(self._ranges(selection)):
            try:
                letter = read_letter(record)
            except NotALetter:
                self.unreadable += 1
                continue
            if selection.holds(letter):
                yield letter, record

    def find(self, wanted: str) -> tuple[Letter, Record]:
        """The letter at PARTITION@OFFSET, or the newest with that id, be it the letter's or the
        frame's.

        Raises:
            Fatal: there is none.
        """
        if (place := _PLACE.fullmatch(wanted)) is not None:
            return self._at(int(place["partition"]), int(place["offset"]))
        newest: tuple[Letter, Record] | None = None
        for letter, record in self.letters(Selection()):
            older = newest is not None and newest[0].written_at > letter.written_at
            if wanted in {letter.id, letter.frame_id} and not older:
                newest = letter, record
        if newest is None:
            raise Fatal(f"no letter in {self._topic} has the id {wanted!r}")
        return newest

    def _at(self, number: int, offset: int) -> tuple[Letter, Record]:
        at = Partition(self._topic, number)
        held = self._held().get(at)
        if held is None:
            raise Fatal(f"topic {self._topic} has no partition {number}")
        if held.start <= offset < held.end:
            for record in self._reader.read({at: Range(offset, offset + 1)}):
                try:
                    return read_letter(record), record
                except NotALetter as error:
                    raise Fatal(str(error)) from error
        raise Fatal(
            f"there is no letter {at}@{offset}: kept are offsets {held.start} to {held.end - 1}"
        )

    def _ranges(self, selection: Selection) -> Mapping[Partition, Range]:
        held = self._held()
        for number in selection.partition:
            if Partition(self._topic, number) not in held:
                raise Fatal(f"topic {self._topic} has no partition {number}")
        chosen = {
            at: kept
            for at, kept in held.items()
            if not selection.partition or at.number in selection.partition
        }
        if selection.since is None:
            return chosen
        try:
            starts = self._reader.offsets_at(selection.since.seconds, chosen)
        except Fatal:
            # The embedded broker: all is read, and the letters' own times decide.
            return chosen
        return {at: Range(starts[at], kept.end) for at, kept in chosen.items()}

    def _held(self) -> Mapping[Partition, Range]:
        held = self._reader.bounds(self._topic)
        if not held:
            raise Fatal(
                f"topic {self._topic} does not exist: no frame was ever dead-lettered there"
            )
        return held
