"""Letters on the terminal: the newest as a table, or all of them as lines of JSON."""

import heapq
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console

from edge.dead_letters.letter import Letter
from edge.dead_letters.text import counted, document_of, table_of

_SHOWN = 100


@dataclass(slots=True)
class _Counted:
    letters: Iterable[Letter]
    count: int = 0

    def __iter__(self) -> Iterator[Letter]:
        for letter in self.letters:
            self.count += 1
            yield letter


def print_table(letters: Iterable[Letter], limit: int | None, console: Console) -> None:
    """The newest letters, oldest first, and how many there are."""
    every = _Counted(letters)
    newest = _newest(every, limit or _SHOWN)
    if newest:
        console.print(table_of(newest, time.time()))
    rest = f", the newest {len(newest)} are shown" if every.count > len(newest) else ""
    console.print(f"{counted(every.count)}{rest}")


def print_lines(letters: Iterable[Letter], limit: int | None, console: Console) -> None:
    """A line of JSON for each letter, as it is read; the newest only where there is a limit."""
    for letter in letters if limit is None else _newest(letters, limit):
        console.file.write(json.dumps(document_of(letter)) + "\n")


def _newest(letters: Iterable[Letter], limit: int) -> list[Letter]:
    """Holds no more than `limit` of them at any time."""
    newest = heapq.nlargest(limit, letters, key=lambda letter: letter.written_at)
    return sorted(newest, key=lambda letter: (letter.written_at, letter.at, letter.offset))
