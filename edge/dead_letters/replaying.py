"""Letters put back into the topic that their frames came from."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TextIO, TypeAlias

from deploy.bundle.command import DONE, FAILED
from edge.dead_letters.letter import Letter
from edge.dead_letters.text import document_of, printable
from edge.frame import Headers
from edge.hops import put_back
from edge.record import Message, Record, TooLarge

Fate: TypeAlias = Literal[
    "replayed",
    "would be replayed",
    "replayed before",
    "too many hops",
    "no bytes",
    "gone",
    "too large",
]
_WELL: tuple[Fate, ...] = ("replayed", "would be replayed", "replayed before")
"""What leaves nothing to be done; with any other fate the letter was not replayed."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What replaying one letter came to."""

    letter: Letter
    fate: Fate
    detail: str
    """Where the frame lies now, or why there is none."""


@dataclass(frozen=True, slots=True)
class Replayer:
    """Puts letters back one by one: each is acknowledged before the next is looked at."""

    original: Callable[[Letter], Record | None]
    """The frame of a letter that holds no bytes, None if it is not kept any more."""
    append: Callable[[Message], str] | None
    """Sends a frame and says where it lies; None only tells what would be done."""
    max_hops: int
    limit: int | None
    """How many frames to put back at most."""
    before: set[str]
    """Letters that were replayed already; those of this run are added."""

    def replay(self, letters: Iterable[tuple[Letter, Record]]) -> Iterator[Replayed]:
        """What each letter came to, as soon as it is known.

        Raises:
            Unavailable: the broker did not take a frame; running it again goes on from there.
        """
        left = self.limit
        for letter, record in letters:
            fate, detail = self._replay(letter, record)
            yield Replayed(letter, fate, detail)
            if left is not None and fate in {"replayed", "would be replayed"}:
                left -= 1
                if not left:
                    return

    def _replay(self, letter: Letter, record: Record) -> tuple[Fate, str]:
        if letter.id in self.before:
            return "replayed before", "its frame was put back already"
        if letter.hops >= self.max_hops:
            return (
                "too many hops",
                f"it was put back {letter.hops} times, --max-hops {self.max_hops}",
            )
        if letter.size is None and not letter.by_reference:
            return "no bytes", f"a frame that was {letter.reason} has nothing to look at again"
        key, value, headers = record.key, record.value, letter.own
        if letter.by_reference:
            frame = self.original(letter)
            if frame is None or frame.value is None:
                return "gone", f"{letter.frame_place} is not kept any more"
            key, value, headers = frame.key, frame.value, frame.headers
        return self._put_back(letter, key, value, headers)

    def _put_back(
        self, letter: Letter, key: bytes | None, value: bytes | None, headers: Headers
    ) -> tuple[Fate, str]:
        self.before.add(letter.id)
        if self.append is None:
            return "would be replayed", f"into {letter.frame.topic}, hop {letter.hops + 1}"
        message = Message(letter.frame.topic, key, value, put_back(headers, letter.id))
        try:
            where = self.append(message)
        except TooLarge as error:
            return "too large", str(error)
        return "replayed", f"{where}, hop {letter.hops + 1}"


def print_replayed(results: Iterable[Replayed], out: TextIO, *, as_json: bool) -> int:
    """Say of each letter what it came to, as soon as it is known; returns the exit status."""
    fates: Counter[Fate] = Counter()
    for replayed in results:
        fates[replayed.fate] += 1
        out.write((_document(replayed) if as_json else _line(replayed)) + "\n")
        out.flush()
    if not as_json:
        summary = ", ".join(f"{count} {fate}" for fate, count in fates.items())
        out.write(f"{summary or 'no letter fits'}\n")
    return DONE if all(fate in _WELL for fate in fates) else FAILED


def _line(replayed: Replayed) -> str:
    letter = replayed.letter
    what = printable(f"{letter.place} {letter.camera} {letter.reason}")
    return f"{what}: {replayed.fate}, {printable(replayed.detail)}"


def _document(replayed: Replayed) -> str:
    told = {"fate": replayed.fate, "detail": replayed.detail}
    return json.dumps({**told, **document_of(replayed.letter)})
