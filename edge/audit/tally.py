"""What each offset of a partition was answered, in one byte an offset. Pure: no driver."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.audit.runs import Mask, joined_runs, runs_of
from edge.frame import Range

Cells: TypeAlias = NDArray[np.unsignedinteger[Any]]

_REPEATED, _CONFLICTING = 0b01, 0b10
_FLAG_BITS = 2
_JOINED = 500
_BLOCK = 1 << 18
"""Cells that are looked at in one step: what is computed from them needs nine bytes for each."""


class Answer(IntEnum):
    """Which kind of outcome a record is."""

    NONE = 0
    CLASSIFIED = 1
    SKIPPED = 2
    DEAD_LETTERED = 3


Outcome: TypeAlias = tuple[Answer, str]
"""Its kind, and the label or the reason."""


@dataclass(slots=True)
class Tally:
    """The outcomes of the offsets within a range.

    A cell holds two flags and the number of the first outcome: outcomes with the same kind and
    content have the same number, so two of them are told apart exactly. Cells are bytes while there
    are less than 64 different outcomes, and become wider with the next one: a network with a
    thousand labels needs two bytes an offset.
    """

    range: Range
    _cells: Cells = field(init=False)
    _codes: dict[Outcome, int] = field(default_factory=dict)
    _outcomes: list[Outcome] = field(default_factory=list)
    """By their code, which begins at 1."""

    def __post_init__(self) -> None:
        self._cells = np.zeros(max(0, self.range.end - self.range.start), np.uint8)

    def note(self, offset: int, answer: Answer, content: str) -> None:
        """An outcome of an offset was read; `content` is what two honest repeats have in common:
        the label or the reason. Offsets outside the range are not counted.

        A frame that comes again after a crash may be skipped though it was classified before, or
        the other way round. That contradicts nothing, so it is a repeat; what was seen counts.
        """
        index = offset - self.range.start
        if 0 <= index < len(self._cells):
            self._note(index, self._code((answer, content)))

    def note_all(
        self, offsets: Sequence[int], outcomes: Sequence[int], known: Sequence[Outcome]
    ) -> None:
        """The same for many offsets, in their order.

        Args:
            offsets: as a buffer of 64-bit integers.
            outcomes: of each offset, as its place in `known`; as a buffer of integers.
            known: outcomes, each once.
        """
        codes = np.array([self._code(outcome) for outcome in known], self._cells.dtype)
        indexes = np.asarray(offsets) - self.range.start
        within = (indexes >= 0) & (indexes < len(self._cells))
        indexes, found = indexes[within], codes[np.asarray(outcomes)[within]]
        new = np.zeros(len(indexes), np.bool_)
        new[np.unique(indexes, return_index=True)[1]] = True
        new &= self._cells[indexes] == 0
        self._cells[indexes[new]] = found[new] << _FLAG_BITS
        for again in np.flatnonzero(~new).tolist():
            self._note(int(indexes[again]), int(found[again]))

    def _note(self, index: int, code: int) -> None:
        cell = int(self._cells[index])
        if not cell:
            self._cells[index] = code << _FLAG_BITS
        elif self._outcomes[(cell >> _FLAG_BITS) - 1][0] is Answer.SKIPPED:
            self._cells[index] = code << _FLAG_BITS | cell & _CONFLICTING | _REPEATED
        elif self._outcomes[code - 1][0] is Answer.SKIPPED or cell >> _FLAG_BITS == code:
            self._cells[index] = cell | _REPEATED
        else:
            self._cells[index] = cell | _CONFLICTING

    def counts(self, end: int) -> dict[Answer, int]:
        """Offsets below `end` by the kind of their first outcome; those without any as NONE."""
        by_code = np.zeros(len(self._codes) + 1, np.int64)
        for _, cells in self._blocks(Range(self.range.start, end)):
            by_code += np.bincount(cells >> _FLAG_BITS, minlength=len(by_code))
        counts = dict.fromkeys(Answer, 0) | {Answer.NONE: int(by_code[0])}
        for (answer, _), code in self._codes.items():
            counts[answer] += int(by_code[code])
        return counts

    def first_of(self, offset: int) -> Outcome | None:
        """Kind and content of the first outcome of an offset within the range, if it has one."""
        code = int(self._cells[offset - self.range.start]) >> _FLAG_BITS
        return self._outcomes[code - 1] if code else None

    def is_answered(self, offset: int) -> bool:
        """Whether an offset within the range has any outcome."""
        return bool(self._cells[offset - self.range.start])

    def answered(self, within: Range) -> Iterator[Range]:
        """Those of these offsets that have an outcome."""
        return self._runs(within, lambda cells: cells != 0)

    def unanswered(self, within: Range, joined: int = _JOINED) -> Iterator[Range]:
        """Stretches of these offsets that hold all those without any outcome.

        Stretches less than `joined` offsets apart are one, with what was answered between them:
        reading on is quicker than starting anew.
        """
        return self._runs(within, lambda cells: cells == 0, joined)

    def repeated(self, end: int) -> Iterator[Range]:
        """Offsets below `end` answered alike more than once."""
        return self._runs(Range(self.range.start, end), lambda cells: cells & _REPEATED != 0)

    def conflicting(self, end: int) -> Iterator[Range]:
        """Offsets below `end` with different answers."""
        return self._runs(Range(self.range.start, end), lambda cells: cells & _CONFLICTING != 0)

    @property
    def held_bytes(self) -> int:
        """Bytes of memory that the cells take."""
        return self._cells.nbytes

    def _code(self, outcome: Outcome) -> int:
        code = self._codes.get(outcome)
        if code is not None:
            return code
        self._outcomes.append(outcome)
        code = self._codes[outcome] = len(self._outcomes)
        if code << _FLAG_BITS > np.iinfo(self._cells.dtype).max:
            self._cells = self._cells.astype(np.uint16 if self._cells.itemsize == 1 else np.uint32)
        return code

    def _runs(
        self, within: Range, wanted: Callable[[Cells], Mask], joined: int = 1
    ) -> Iterator[Range]:
        blocks = self._blocks(within)
        runs = (run for start, cells in blocks for run in runs_of(wanted(cells), start, joined))
        return joined_runs(runs, joined)

    def _blocks(self, within: Range) -> Iterator[tuple[int, Cells]]:
        """The cells of these offsets in steps, each with the offset that it begins at."""
        first = max(within.start, self.range.start)
        last = min(within.end, self.range.end)
        for start in range(first, last, _BLOCK):
            index = start - self.range.start
            yield start, self._cells[index : index + min(_BLOCK, last - start)]
