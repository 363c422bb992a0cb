import numpy as np
import pytest
from rich.console import Console
from rich.table import Table

from trainer.marks import Confusion
from trainer.table import matrix_table, score_table

LABELS = ("cat", "dog", "owl")


@pytest.fixture
def confusion() -> Confusion:
    """Four cats of which one is called a dog, two dogs, no owl, and one dog called an owl."""
    targets = np.array([0, 0, 0, 0, 1, 1, 1])
    called = np.array([0, 0, 0, 1, 1, 1, 2])
    return Confusion.of(LABELS, targets, called)


def test_rows_are_what_pictures_are_and_columns_what_they_were_called(
    confusion: Confusion,
) -> None:
    assert confusion.counts.tolist() == [[3, 1, 0], [0, 2, 1], [0, 0, 0]]
    assert confusion.pictures == 7
    assert confusion.accuracy == pytest.approx(5 / 7)


def test_precision_recall_and_f1_are_those_of_the_textbook(confusion: Confusion) -> None:
    cat, dog, _ = confusion.by_label
    assert (cat.precision, cat.recall, cat.f1) == pytest.approx((1.0, 3 / 4, 6 / 7))
    assert (dog.precision, dog.recall, dog.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))


def test_a_label_without_pictures_scores_zero_and_divides_by_nothing(
    confusion: Confusion,
) -> None:
    owl = confusion.by_label[2]
    assert (owl.pictures, owl.precision, owl.recall, owl.f1) == (0, 0, 0, 0)


def test_machines_get_the_same_content_as_people(confusion: Confusion) -> None:
    document = confusion.document()
    assert document["confusion"]["counts"] == confusion.counts.tolist()
    assert [score["label"] for score in document["labels"]] == list(LABELS)


def test_the_tables_fit_a_narrow_terminal_and_have_a_row_per_label(confusion: Confusion) -> None:
    heading, *rows = lines_of(score_table(confusion))
    assert heading.split() == ["label", "pictures", "precision", "recall", "F1"]
    assert [row.split()[0] for row in rows] == list(LABELS)
    heading, *rows = lines_of(matrix_table(confusion))
    assert heading.split()[-3:] == list(LABELS)
    counts = [[int(number) for number in row.split()[1:]] for row in rows]
    assert counts == confusion.counts.tolist()


def lines_of(table: Table | None) -> list[str]:
    console = Console(width=80)
    with console.capture() as printed:
        console.print(table)
    return printed.get().splitlines()


def test_the_matrix_is_left_out_where_it_cannot_be_read() -> None:
    labels = tuple(f"label-{index}" for index in range(11))
    nothing = np.zeros(0, np.int64)
    assert matrix_table(Confusion.of(labels, nothing, nothing)) is None
