"""The newest classification of each camera, live in the terminal."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deploy.bundle.printable import printable
from edge.cloudevents import parse_time
from edge.observe.logs import get_logger
from edge.record import Record
from edge.wire import Classification, read_classification

REFRESH_A_SECOND = 4
_log = get_logger("watch")
_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")


@dataclass(slots=True)
class Latest:
    """What is known of each camera."""

    newest: dict[str, Classification] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    unreadable: int = 0

    def note(self, record: Record) -> None:
        try:
            seen = read_classification(record.value or b"")
        except msgspec.MsgspecError:
            self.unreadable += 1
            return
        self.newest[seen.camera] = seen
        self.counts[seen.camera] = self.counts.get(seen.camera, 0) + 1

    def table(self, now: float) -> Table:
        """One row a camera, in the order of their names; `now` in Unix seconds."""
        table = Table(title="Yardlight")
        for column in ("camera", "label", "confidence", "age", "frames"):
            right = column not in {"camera", "label"}
            table.add_column(column, justify="right" if right else "left")
        for camera, seen in sorted(self.newest.items()):
            table.add_row(
                Text(printable(camera)),
                Text(printable(seen.label), _colour(seen.label)),
                f"{seen.confidence:.2f}",
                _age(seen, now),
                str(self.counts[camera]),
            )
        if self.unreadable:
            table.caption = f"{self.unreadable} records could not be read"
        return table


def watch(records: Iterable[Record | None], console: Console) -> None:
    """Show the table until the records end or the user stops it."""
    latest = Latest()
    with Live(
        latest.table(time.time()), console=console, refresh_per_second=REFRESH_A_SECOND
    ) as live:
        drawn = 0.0
        try:
            for record in records:
                if record is not None:
                    latest.note(record)
                if time.monotonic() - drawn > 1 / REFRESH_A_SECOND:
                    drawn = time.monotonic()
                    live.update(latest.table(time.time()))
        finally:
            live.update(latest.table(time.time()))


def print_lines(records: Iterable[Record | None], console: Console) -> None:
    """One line of JSON for each classification, for pipes and machines; a record that is none is
    logged and stepped over.
    """
    for record in records:
        if record is None:
            continue
        try:
            line = _one_line(record.value or b"")
        except msgspec.MsgspecError:
            _log.warning(
                "a record is no classification", at=str(record.partition), offset=record.offset
            )
            continue
        console.file.write(line + "\n")
        console.file.flush()


def _one_line(value: bytes) -> str:
    """A classification as it lies in the topic, without line breaks that its writer put in."""
    read_classification(value)
    flat = value if value.splitlines() == [value] else msgspec.json.format(value, indent=-1)
    return flat.decode()


def _colour(label: str) -> str:
    return _COLOURS[sum(label.encode()) % len(_COLOURS)]


def _age(seen: Classification, now: float) -> str:
    try:
        return f"{max(0.0, now - parse_time(seen.frame.captured_at)):.1f} s"
    except ValueError:
        return "?"
