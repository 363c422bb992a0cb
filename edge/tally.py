"""How often each offset of a partition was answered, in two bytes an offset. Pure: no driver."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from zlib import crc32

from edge.frame import Range

_KIND_BITS = 0b11
_REPEATED = 0b100
_CONFLICTING = 0b1000
_CONTENT_SHIFT = 4
_JOINED = 500


class Answer(IntEnum):
    """Which kind of outcome a record is."""

    NONE = 0
    CLASSIFIED = 1
    SKIPPED = 2
    DEAD_LETTERED = 3


@dataclass(slots=True)
class Tally:
    """The outcomes of the offsets within a range."""

    range: Range
    _cells: "array[int]" = field(init=False)

    def __post_init__(self) -> None:
        length = max(0, self.range.end - self.range.start)
        self._cells = array("H", bytes(2 * length))

    def note(self, offset: int, answer: Answer, content: str) -> None:
        """An outcome of an offset was read; `content` is what two honest repeats have in common:
        the label or the reason. Offsets outside the range are not counted.

        A frame that comes again after a crash may be skipped though it was classified before, or
        the other way round. That contradicts nothing, so it is a repeat; what was seen counts.
        """
        index = offset - self.range.start
        if not 0 <= index < len(self._cells):
            return
        cell = self._cells[index]
        fresh = answer | (crc32(content.encode()) & 0xFFF) << _CONTENT_SHIFT
        if not cell & _KIND_BITS:
            self._cells[index] = fresh
        elif _skips(cell):
            self._cells[index] = fresh | cell & _CONFLICTING | _REPEATED
        elif _skips(fresh) or (cell & ~(_REPEATED | _CONFLICTING)) == fresh:
            self._cells[index] = cell | _REPEATED
        else:
            self._cells[index] = cell | _CONFLICTING

    def count(self, answer: Answer, end: int) -> int:
        """Offsets below `end` whose outcome is of that kind."""
        return sum(1 for cell in self._until(end) if cell & _KIND_BITS == answer)

    def is_answered(self, offset: int) -> bool:
        """Whether an offset within the range has any outcome."""
        return self._cells[offset - self.range.start] != 0

    def unanswered(self, end: int, joined: int = _JOINED) -> Iterator[Range]:
        """Stretches of offsets below `end` that hold all those without any outcome.

        Stretches less than `joined` offsets apart are one, with what was answered between them:
        reading on is quicker than starting anew.
        """
        stretch: Range | None = None
        for offset, cell in enumerate(self._until(end), self.range.start):
            if cell:
                continue
            if stretch is not None and offset - stretch.end < joined:
                stretch = Range(stretch.start, offset + 1)
                continue
            if stretch is not None:
                yield stretch
            stretch = Range(offset, offset + 1)
        if stretch is not None:
            yield stretch

    def repeated(self, end: int) -> list[int]:
        """Offsets below `end` answered alike more than once."""
        return self._flagged(_REPEATED, end)

    def conflicting(self, end: int) -> list[int]:
        """Offsets below `end` with different answers."""
        return self._flagged(_CONFLICTING, end)

    def _flagged(self, flag: int, end: int) -> list[int]:
        cells = enumerate(self._until(end), self.range.start)
        return [offset for offset, cell in cells if cell & flag]

    def _until(self, end: int) -> "array[int]":
        return self._cells[: max(0, end - self.range.start)]


def _skips(cell: int) -> bool:
    return cell & _KIND_BITS == Answer.SKIPPED
