"""How far a command is that reads for long: a bar on stderr, where that is a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

Watch: TypeAlias = Callable[[int, int], None]
"""Is told how much is done, and of how much."""


@contextmanager
def shown(what: str) -> Iterator[Watch]:
    """A bar within `with`, gone at its end; `what` is counted."""
    columns = (what, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def nobody(_done: int, _total: int) -> None:
    """Nobody watches."""
