"""A confusion matrix for people: one row per label."""

from rich.table import Table

from trainer.metrics import Confusion

_WIDEST_MATRIX = 10


def table_of(confusion: Confusion) -> Table:
    """Scores of each label and, where it is readable, what its pictures were called."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("label", no_wrap=True)
    called = confusion.labels if len(confusion.labels) <= _WIDEST_MATRIX else ()
    for heading in ("n", "precision", "recall", "F1", *(f"→{label}" for label in called)):
        table.add_column(heading, justify="right", no_wrap=True)
    for score, row in zip(confusion.by_label, confusion.counts.tolist(), strict=True):
        ratios = (f"{ratio:.3f}" for ratio in (score.precision, score.recall, score.f1))
        table.add_row(score.label, str(score.pictures), *ratios, *map(str, row[: len(called)]))
    return table
