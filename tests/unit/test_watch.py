"""What the viewer shows of the newest classifications, as a table and as lines."""

import io
import json

from rich.console import Console

from edge.cloudevents import format_time
from edge.frame import Partition
from edge.record import Record
from edge.watch import Latest, print_lines, watch
from tests.unit.outcomes import CAPTURED_AT, classified, some_writer

SEEN = json.loads(some_writer().write(classified(), 101.75))


def record(value: bytes | None) -> Record:
    return Record(Partition("classifications", 0), 0, CAPTURED_AT, b"gate-1", value, ())


def seen(camera: str = "gate-1", label: str = "vehicle", captured_at: str = "") -> Record:
    frame = {**SEEN["frame"], "captured_at": captured_at or format_time(CAPTURED_AT)}
    return record(json.dumps({**SEEN, "camera": camera, "label": label, "frame": frame}).encode())


def rows(latest: Latest, now: float = CAPTURED_AT) -> list[list[str]]:
    """The table as it is drawn: the heads of its columns, then the cells of each camera."""
    console = Console(file=io.StringIO(), width=120)
    with console.capture() as drawn:
        console.print(latest.table(now))
    bars = [line.replace("┃", "│") for line in drawn.get().splitlines()]
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in bars if "│" in line]


def test_before_the_first_classification_the_table_is_empty() -> None:
    assert rows(Latest()) == [["camera", "label", "confidence", "age", "frames"]]


def test_each_camera_has_one_row_in_the_order_of_names() -> None:
    latest = Latest()
    for camera in ("gate-2", "gate-1", "gate-2"):
        latest.note(seen(camera))
    assert rows(latest, CAPTURED_AT + 1.5)[1:] == [
        ["gate-1", "vehicle", "0.75", "1.5 s", "1"],
        ["gate-2", "vehicle", "0.75", "1.5 s", "2"],
    ]


def test_the_newest_label_of_a_camera_is_shown() -> None:
    latest = Latest()
    latest.note(seen(label="vehicle"))
    latest.note(seen(label="parcel"))
    assert rows(latest)[1][1] == "parcel"


def test_a_clock_that_runs_ahead_gives_no_negative_age() -> None:
    latest = Latest()
    latest.note(seen())
    assert rows(latest, CAPTURED_AT - 9.0)[1][3] == "0.0 s"


def test_an_age_that_cannot_be_told_is_a_question_mark() -> None:
    latest = Latest()
    latest.note(seen(captured_at="yesterday"))
    assert rows(latest)[1][3] == "?"


def test_records_that_are_no_classifications_are_counted_and_stepped_over() -> None:
    latest = Latest()
    for value in (None, b"", b"{}", b"\xff\xd8"):
        latest.note(record(value))
    latest.note(seen())
    assert latest.unreadable == 4
    assert len(rows(latest)) == 2
    assert latest.table(CAPTURED_AT).caption == "4 records could not be read"


def test_names_in_brackets_are_shown_as_they_are() -> None:
    latest = Latest()
    latest.note(seen(camera="[red]gate[/]", label="[/b]"))
    assert rows(latest)[1][:2] == ["[red]gate[/]", "[/b]"]


def test_a_name_cannot_steer_the_terminal() -> None:
    latest = Latest()
    latest.note(seen(camera="gate\x1b]0;mine\x07-1", label="\x1b[2Jparcel"))
    (row,) = rows(latest)[1:]
    assert row[:2] == ["gate\ufffd]0;mine\ufffd-1", "\ufffd[2Jparcel"]


def test_watching_ends_with_the_records_and_leaves_the_last_table() -> None:
    screen = io.StringIO()
    watch([None, seen(), None], Console(file=screen, width=120))
    assert "gate-1" in screen.getvalue()


def test_for_machines_each_classification_is_its_own_line_as_it_lies_in_the_topic() -> None:
    output = io.StringIO()
    one, other = seen("gate-1"), seen("[gate-2]")
    print_lines([one, None, record(None), other], Console(file=output, width=20))
    assert output.getvalue().encode().splitlines() == [one.value, other.value]


def test_what_is_no_classification_is_not_handed_on_to_machines() -> None:
    output = io.StringIO()
    bad = [record(value) for value in (b"not json", b"\xff", b"{}", b"[1]", b"", None)]
    print_lines([*bad, seen()], Console(file=output))
    assert output.getvalue().encode().splitlines() == [seen().value]


def test_a_classification_that_was_written_over_several_lines_comes_as_one() -> None:
    output = io.StringIO()
    spread = json.dumps({**SEEN, "label": "a  b"}, indent=2).replace("\n", "\r\n").encode()
    print_lines([record(spread)], Console(file=output))
    (line,) = output.getvalue().splitlines()
    assert json.loads(line) == {**SEEN, "label": "a  b"}
