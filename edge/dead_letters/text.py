"""Letters in words, as a table, and as JSON. What cameras wrote is shown, never obeyed."""

from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from edge.cloudevents import format_time
from edge.dead_letters.letter import Letter
from edge.frame import Headers

_UNITS = (("d", 86400), ("h", 3600), ("m", 60))
_KIB = 1024


def table_of(letters: Iterable[Letter], now: float) -> Table:
    """A row for each letter; `now` in Unix seconds."""
    table = Table("letter", "age", "camera", "reason", "error", "frame", "size")
    for column in ("age", "size"):
        next(it for it in table.columns if it.header == column).justify = "right"
    for letter in letters:
        cells = (
            f"{letter.at.number}@{letter.offset}",
            age_of(now - letter.written_at),
            letter.camera,
            letter.reason,
            letter.error,
            letter.frame_place,
            size_of(letter),
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def details_of(letter: Letter, now: float) -> str:
    """All that is known of one letter, a line for each fact; `now` in Unix seconds."""
    written = f"{format_time(letter.written_at)} ({age_of(now - letter.written_at)} ago)"
    facts = {
        "letter": letter.place,
        "written": written,
        "camera": letter.camera,
        "reason": letter.reason,
        "error": letter.error,
        "frame": f"{letter.frame_place}, id {letter.frame_id}",
        "group": letter.group,
        "hops": str(letter.hops),
        "picture": size_of(letter),
    }
    lines = [f"{name:<9}{printable(value)}" for name, value in facts.items()]
    return "\n".join(
        [*lines, *_headers("its own headers", letter.own), *_headers("ours", letter.ours)]
    )


def document_of(letter: Letter) -> dict[str, Any]:
    """A letter as JSON, without its picture."""
    return {
        "letter": {
            "topic": letter.at.topic,
            "partition": letter.at.number,
            "offset": letter.offset,
        },
        "id": letter.id,
        "written_at": format_time(letter.written_at),
        "camera": letter.camera,
        "reason": letter.reason,
        "error": letter.error,
        "frame": {
            "id": letter.frame_id,
            "topic": letter.frame.topic,
            "partition": letter.frame.number,
            "offset": letter.frame_offset,
        },
        "group": letter.group,
        "hops": letter.hops,
        "size": letter.size,
        "by_reference": letter.by_reference,
        "headers": [[name, _decoded(value)] for name, value in letter.own],
    }


def size_of(letter: Letter) -> str:
    """The picture's size, or why there is none."""
    if letter.size is None:
        return "by reference" if letter.by_reference else "none"
    return f"{letter.size / _KIB:.1f} KiB" if letter.size >= _KIB else f"{letter.size} B"


def counted(count: int) -> str:
    """`1 letter`, `3 letters`."""
    return "1 letter" if count == 1 else f"{count} letters"


def age_of(seconds: float) -> str:
    """`3d`, `2h`, `15m`, `8s`: the largest unit that it holds once."""
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{seconds / length:.0f}{unit}"
    return f"{max(0.0, seconds):.0f}s"


def printable(text: str) -> str:
    """What a terminal shows as it stands: anything that could steer it is escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _headers(title: str, headers: Headers) -> list[str]:
    return [
        title,
        *(f"  {printable(name)}: {printable(_decoded(value))}" for name, value in headers),
    ]


def _decoded(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
