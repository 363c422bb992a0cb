"""How two bundles differ, for people."""

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from deploy.inspection.comparison import Change, Comparison

_SHOWN = 64


def show_comparison(found: Comparison, console: Console) -> None:
    """Print it: what subscribers would notice first, then what is behind it."""
    console.print(*_parts(found), sep="\n", highlight=False)


def _parts(found: Comparison) -> Iterator[RenderableType]:
    yield Text("For subscribers", "bold")
    yield Text("\n".join(f"- {sentence}" for sentence in found.consequences))
    yield Text(f"labels   {_labels(found)}")
    if found.weights is not None:
        count = found.weights
        yield Text(
            f"weights  {count.same} tensors the same, {count.changed} changed, "
            f"{count.added} added, {count.removed} removed"
        )
    for heading in ("manifest", "network", "files", "provenance", "engines"):
        changes: tuple[Change, ...] = getattr(found, heading)
        if changes:
            yield _table(heading, changes)


def _labels(found: Comparison) -> str:
    added = [f"+ {label}" for label in found.labels_added]
    removed = [f"- {label}" for label in found.labels_removed]
    moved = ["in another order"] if found.labels_reordered else []
    return ", ".join([*added, *removed, *moved]) or "the same"


def _table(heading: str, changes: tuple[Change, ...]) -> Table:
    table = Table(heading, "before", "after")
    for change in changes:
        table.add_row(escape(change.what), _said(change.before), _said(change.after))
    return table


def _said(value: str | None) -> str:
    if value is None:
        return "-"
    return escape(value if len(value) <= _SHOWN else f"{value[:16]}…")
