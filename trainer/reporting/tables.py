"""Tables of the page: scores of each label, and what was taken for what."""

from html import escape

from deploy.bundle.printable import printable
from trainer.marks import Confusion, Marks

_WIDEST_MATRIX = 16
_MOST_CONFUSIONS = 20


def score_rows(marks: Marks) -> str:
    """One row per label; each ratio has a bar, to be compared at a glance."""
    rows = "".join(
        f'<tr><th scope="row">{escape(printable(score.label))}</th><td>{score.pictures}</td>'
        f"{''.join(map(_bar, ratios))}</tr>"
        for score, ratios in zip(marks.by_label, marks.rows, strict=True)
    )
    heads = "".join(
        f'<th scope="col">{name}</th>' for name in ("label", "pictures", *marks.columns)
    )
    table = f'<table class="scores"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    return table + (f"<p>{escape(marks.legend)}</p>" if marks.legend else "")


def matrix(confusion: Confusion) -> str:
    """The confusion matrix, or where it would be too wide to be read, what is confused most."""
    if len(confusion.labels) > _WIDEST_MATRIX:
        return _most_confused(confusion)
    names = [escape(printable(label)) for label in confusion.labels]
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row">{name}</th>{_cells(confusion, index)}</tr>'
        for index, name in enumerate(names)
    )
    return (
        f'<table class="matrix"><caption>Rows are what pictures are, columns what they were '
        f"called.</caption><thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _cells(confusion: Confusion, row: int) -> str:
    counts = confusion.counts[row].tolist()
    whole = max(1, sum(counts))
    return "".join(
        f'<td class="{_kind(row, column, count)}" style="--share:{count / whole:.3f}">{count}'
        f"<small>{100 * count / whole:.0f} %</small></td>"
        for column, count in enumerate(counts)
    )


def _kind(row: int, column: int, count: int) -> str:
    if not count:
        return "none"
    return "right" if row == column else "wrong"


def _most_confused(confusion: Confusion) -> str:
    pairs = sorted(
        (
            (int(count), row, column)
            for (row, column), count in _indexed(confusion)
            if row != column and count
        ),
        reverse=True,
    )[:_MOST_CONFUSIONS]
    names = [escape(printable(label)) for label in confusion.labels]
    rows = "".join(
        f"<tr><td>{names[row]}</td><td>{names[column]}</td><td>{count}</td></tr>"
        for count, row, column in pairs
    )
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("is", "was called", "pictures"))
    return f'<table class="scores"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _indexed(confusion: Confusion) -> list[tuple[tuple[int, int], int]]:
    size = len(confusion.labels)
    counts = confusion.counts.ravel().tolist()
    return [((at // size, at % size), count) for at, count in enumerate(counts)]


def _bar(ratio: float) -> str:
    return f'<td class="bar" style="--share:{ratio:.3f}">{ratio:.3f}</td>'
