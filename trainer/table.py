"""What a network got right, for people: scores of each label, and what was taken for what."""

from rich.table import Table

from trainer.marks import Confusion, Marks

_WIDEST_MATRIX = 10


def score_table(marks: Marks) -> Table:
    """One row per label: pictures, and the ratios that its task is judged by."""
    table = _table("label", "pictures", *marks.columns)
    for score, ratios in zip(marks.by_label, marks.rows, strict=True):
        table.add_row(score.label, str(score.pictures), *(f"{ratio:.3f}" for ratio in ratios))
    return table


def matrix_table(confusion: Confusion) -> Table | None:
    """The confusion matrix: a row for each true label, a column for what its pictures were called.
    None where it would be too wide to be read.
    """
    if len(confusion.labels) > _WIDEST_MATRIX:
        return None
    table = _table("is ↓ called →", *confusion.labels)
    for label, row in zip(confusion.labels, confusion.counts.tolist(), strict=True):
        table.add_row(label, *map(str, row))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first, no_wrap=True)
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
