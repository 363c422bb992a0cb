"""Logs: text for people, JSON lines for machines, nothing of a frame, no client that floods."""

import io
import json
import logging
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from edge.observe import logs
from edge.observe.logs import configure_logs, get_logger

FRAME = bytes(range(250, 256)) * 3


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was logged as JSON; nothing may stand on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    return [json.loads(line) for line in err.splitlines()]


def fail_with_a_frame() -> None:
    """Log an error whose frames hold a picture in a local variable."""
    picture = bytes(FRAME)
    try:
        picture.decode("ascii")
    except UnicodeDecodeError:
        get_logger("test").exception("it failed")


def test_away_from_a_terminal_a_line_is_an_object_that_names_its_stage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("info", "auto")
    get_logger("poll").info("partitions assigned", partitions=["frames/0"], owned=1)
    (line,) = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "stage": "poll",
        "level": "info",
        "event": "partitions assigned",
        "partitions": ["frames/0"],
        "owned": 1,
    }


def test_on_a_terminal_a_line_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    configure_logs("info", "auto")
    get_logger("poll").info("partitions assigned", owned=1)
    said = terminal.getvalue()
    assert "partitions assigned" in said
    assert not said.startswith("{")


def test_json_may_be_asked_for_on_a_terminal_and_text_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("info", "text")
    get_logger("poll").info("hello")
    assert not capsys.readouterr().err.startswith("{")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    configure_logs("info", "json")
    get_logger("poll").info("hello")
    assert json.loads(terminal.getvalue())["event"] == "hello"


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_less_severe_lines_than_asked_for_are_not_written(
    capsys: pytest.CaptureFixture[str], level: str, heard: list[str]
) -> None:
    configure_logs(level, "json")
    log = get_logger("test")
    for severity in ("debug", "info", "warning", "error"):
        getattr(log, severity)("hello")
    assert [line["level"] for line in lines(capsys)] == heard


def test_a_line_break_in_a_value_stays_within_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    get_logger("test").info("hello", camera="gate-1\n{}")
    (line,) = lines(capsys)
    assert line["camera"] == "gate-1\n{}"


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_traceback_shows_no_bytes_of_a_frame(
    capsys: pytest.CaptureFixture[str], style: Any
) -> None:
    configure_logs("info", style)
    fail_with_a_frame()
    said = capsys.readouterr().err
    assert "UnicodeDecodeError" in said
    assert "fail_with_a_frame" in said
    assert "\\xfb" not in said


def test_the_kafka_client_speaks_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    logging.getLogger("kafka.coordinator").warning("broker %s is away", 7)
    (line,) = lines(capsys)
    assert line["event"] == "broker 7 is away"
    assert line["logger"] == "kafka.coordinator"
    assert line["level"] == "warning"


def test_what_the_kafka_client_says_beside_warnings_is_not_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("debug", "json")
    logging.getLogger("kafka.conn").info("connected")
    assert lines(capsys) == []


def test_a_client_that_repeats_itself_is_heard_once_in_a_while(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(logs, "time", SimpleNamespace(monotonic=lambda: clock.now))
    configure_logs("info", "json")
    for seconds in range(25):
        clock.now = 100.0 + seconds
        logging.getLogger("kafka.conn").warning("no answer, %s", seconds)
    assert [line["event"] for line in lines(capsys)] == [
        "no answer, 0",
        "no answer, 10",
        "no answer, 20",
    ]


def test_another_place_in_the_client_is_still_heard(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    for _ in range(3):
        logging.getLogger("kafka.conn").warning("no answer")
        logging.getLogger("kafka.conn").warning("still no answer")
    assert [line["event"] for line in lines(capsys)] == ["no answer", "still no answer"]


def test_our_own_lines_are_never_held_back(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    for _ in range(5):
        get_logger("test").warning("again")
    assert len(lines(capsys)) == 5


def test_setting_up_twice_does_not_write_twice(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    configure_logs("info", "json")
    get_logger("test").info("ours")
    logging.getLogger("kafka.conn").warning("theirs")
    assert [line["event"] for line in lines(capsys)] == ["ours", "theirs"]


def test_a_command_that_shows_errors_only_hears_no_warning_of_the_client(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("error", "json")
    logging.getLogger("kafka.cluster").warning("no node available")
    logging.getLogger("kafka.net.selector").warning("a task ran for 0.295s")
    assert lines(capsys) == []


def test_a_worker_has_its_number_on_every_line_the_clients_included(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("info", "json", worker=2)
    get_logger("poll").info("running")
    logging.getLogger("kafka.client").warning("a broker is away")
    assert [line["worker"] for line in lines(capsys)] == [2, 2]
