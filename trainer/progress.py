"""Progress on stderr: a live bar with rate and remaining time on a terminal, else plain lines."""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

T = TypeVar("T")


class Live:
    """Shows one bar at a time; lines that are said stay above it. Use it in a `with`."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )

    def __enter__(self) -> "Live":
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def silent(self) -> "Live":
        """One that shows nothing: of several processes one is enough."""
        return Live(Console(quiet=True))

    def say(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, markup=False)

    def bar(self, total: int) -> "Bar":
        """A new bar that counts pictures; it replaces the one before."""
        self.clear()
        return Bar(self._progress, total)

    def clear(self) -> None:
        """Take the bar away."""
        for task in self._progress.tasks:
            self._progress.remove_task(task.id)

    def count(self, title: str, items: Iterable[T], total: int) -> Iterator[T]:
        """Pass items on, one picture each, and show how many went by."""
        bar = self.bar(total)
        bar.title(title)
        for item in items:
            yield item
            bar.advance(1)


class Bar:
    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total)

    def title(self, title: str) -> None:
        self._progress.update(self._task, description=title)

    def advance(self, pictures: int) -> None:
        self._progress.advance(self._task, pictures)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} pictures/s" if task.speed else "")
