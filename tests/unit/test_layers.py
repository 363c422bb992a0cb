"""Where a setting comes from, seen through `yardlight-edge run --show-config`."""

import os
from pathlib import Path

import pytest

from deploy.bundle.command import DONE, FAILED, WRONG_USAGE, run_command_line
from edge.cli import app
from edge.layers import CONFIG_VARIABLE, FILE, PREFIX, bare_environment

Shown = dict[str, tuple[str, str]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, no setting in the environment, a terminal that breaks no line."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    return tmp_path


def show(capsys: pytest.CaptureFixture[str], *arguments: str) -> Shown:
    """Value and source of each setting."""
    status = run_command_line(app, ["run", "--show-config", "--bundle", "yard", *arguments])
    said = capsys.readouterr()
    assert (status, said.err) == (DONE, "")
    cells = [[cell.strip() for cell in line.split("│")] for line in said.out.splitlines()]
    return {row[1]: (row[2], row[3]) for row in cells if len(row) == 5}


def refuse(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The words with which wrong settings are refused."""
    status = run_command_line(app, ["run", "--show-config", "--bundle", "yard", *arguments])
    said = capsys.readouterr()
    assert (status, said.out) == (WRONG_USAGE, "")
    return " ".join(said.err.replace("│", " ").split())


def test_what_nobody_sets_has_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    shown = show(capsys)
    assert shown["bundle"] == ("yard", "command line")
    assert shown["group"] == ("yardlight", "default")
    assert shown["queue-frames"] == ("128", "default")


def test_a_login_in_an_address_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    shown = show(capsys, "--sasl-token-url", "https://box:hunter2@login.example/token")
    assert shown["sasl-token-url"] == ("https://…@login.example/token", "command line")


def test_the_file_counts_more_than_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    FILE.write_text('group = "file"\nlatency-budget = 0.5\nbuild = false\n', encoding="utf-8")
    shown = show(capsys)
    assert shown["group"] == ("file", "yardlight.toml")
    assert shown["latency-budget"] == ("0.5", "yardlight.toml")
    assert shown["build"] == ("false", "yardlight.toml")


def test_the_environment_counts_more_than_the_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    FILE.write_text('group = "file"\ntop = 3\n', encoding="utf-8")
    monkeypatch.setenv("YARDLIGHT_GROUP", "environment")
    shown = show(capsys)
    assert shown["group"] == ("environment", "YARDLIGHT_GROUP")
    assert shown["top"] == ("3", "yardlight.toml")


def test_the_command_line_counts_most(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    FILE.write_text('group = "file"\nbuild = true\n', encoding="utf-8")
    monkeypatch.setenv("YARDLIGHT_GROUP", "environment")
    shown = show(capsys, "--group", "typed", "--no-build")
    assert shown["group"] == ("typed", "command line")
    assert shown["build"] == ("False", "command line")


def test_the_environment_alone_can_name_what_is_required(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YARDLIGHT_BUNDLE", "from-here")
    assert run_command_line(app, ["run", "--show-config"]) == DONE
    assert "from-here" in capsys.readouterr().out


def test_an_empty_variable_is_shown_as_empty(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YARDLIGHT_SASL_USERNAME", "")
    assert show(capsys)["sasl-username"] == ("", "YARDLIGHT_SASL_USERNAME")


def test_another_file_can_be_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    FILE.write_text('group = "not this one"\n', encoding="utf-8")
    other = folder / "yard.toml"
    other.write_text('group = "this one"\n', encoding="utf-8")
    monkeypatch.setenv(CONFIG_VARIABLE, str(other))
    assert show(capsys)["group"] == ("this one", str(other))


def test_a_named_file_must_exist(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, "nowhere.toml")
    assert "YARDLIGHT_CONFIG names nowhere.toml, which does not exist" in refuse(capsys)


def test_settings_of_other_commands_may_stand_beside(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    FILE.write_text("rate = 2.5\n", encoding="utf-8")  # of `cameras` and `demo`
    monkeypatch.setenv("YARDLIGHT_PARTITIONS", "8")  # of `topics create`
    assert "rate" not in show(capsys)


def test_an_unknown_key_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    FILE.write_text("queue_framez = 7\n", encoding="utf-8")
    expected = "Unknown key in yardlight.toml: queue_framez. Did you mean queue_frames?"
    assert expected in refuse(capsys)


def test_an_unknown_variable_is_refused_with_the_nearest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YARDLIGHT_GRUOP", "yard")
    said = refuse(capsys)
    assert "Unknown environment variable YARDLIGHT_GRUOP. Did you mean YARDLIGHT_GROUP?" in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('queue_frames = "many"', "--queue-frames from yardlight.toml"),
        ("queue_frames = true", "--queue-frames from yardlight.toml"),
        ("queue_frames = 0", "--queue-frames provided by yardlight.toml. Must be >= 1"),
        ('precision = "fp8"', "--precision from yardlight.toml. Choose from"),
        ("queue_frames = [7]", "yardlight.toml: queue_frames must be text"),
        ("[limits]\nqueue_frames = 7", "Unknown key in yardlight.toml: limits."),
        ("queue_frames = ", "yardlight.toml cannot be read"),
        ("top = 2.5", '--top from yardlight.toml: unable to convert "2.5"'),
        ("latency_budget = inf", "--latency-budget provided by yardlight.toml. Must be a finite"),
        ('frames_topic = "a b"', "'a b' cannot be the name of a topic"),
        ("max-batch = 1\nmax_batch = 2", "max-batch and max_batch are the same setting"),
    ],
)
def test_a_wrong_value_in_the_file_names_file_and_key(
    capsys: pytest.CaptureFixture[str], text: str, expected: str
) -> None:
    FILE.write_text(text, encoding="utf-8")
    assert expected in refuse(capsys)


@pytest.mark.parametrize("value", ["many", "0", "-1"])
def test_a_wrong_value_in_the_environment_names_variable_and_setting(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("YARDLIGHT_QUEUE_FRAMES", value)
    said = refuse(capsys)
    assert "YARDLIGHT_QUEUE_FRAMES" in said
    assert "--queue-frames" in said


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--top", "2.5"), 'for --top: unable to convert "2.5" into int'),
        (("--max-batch", "9999999999999"), "--max-batch. Must be <= 1024"),
        (("--latency-budget", "nan"), "--latency-budget. Must be >= 0"),
        (("--session-timeout", "0"), "--session-timeout. Must be >= 1"),
        (("--session-timeout", "0.001"), "--session-timeout. Must be >= 1"),
        (("--engine-cache", ""), "--engine-cache: it is empty, expected the path of a folder"),
        (("--group", ""), "A consumer group needs a name"),
        (("--frames-topic", ""), "'' cannot be the name of a topic"),
        (("--frames-topic", "a/b"), "'a/b' cannot be the name of a topic"),
        (("--frames-topic", ".."), "'..' cannot be the name of a topic"),
        (("--dead-letters-topic", "frames"), "'frames' stands for 2 of them"),
        (("--results-topic", "frames"), "'frames' stands for 2 of them"),
        (("--skipped-topic", "classifications"), "'classifications' stands for 2 of them"),
    ],
)
def test_what_could_not_work_is_refused_before_anything_starts(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], expected: str
) -> None:
    assert expected in refuse(capsys, *words)


def test_an_empty_bundle_is_not_the_folder_that_one_is_in(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command_line(app, ["run", "--show-config", "--bundle", ""]) == WRONG_USAGE
    assert "--bundle: it is empty" in capsys.readouterr().err


def test_an_unknown_option_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Unknown option: --gruop. Did you mean --group?" in refuse(capsys, "--gruop", "yard")


def test_the_demo_is_not_configured_by_what_is_meant_for_the_service(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its values would be refused in any other command."""
    FILE.write_text('rate = "fast"\nno_such_key = 1\n', encoding="utf-8")
    monkeypatch.setenv("YARDLIGHT_CAMERAS", "none")
    assert run_command_line(app, ["demo", "--size", "10"]) == FAILED
    assert "error: size '10' is not WIDTHxHEIGHT" in capsys.readouterr().err


def test_a_child_that_takes_only_what_is_typed_sees_neither_environment_nor_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    FILE.write_text('group = "file"\n', encoding="utf-8")
    monkeypatch.setenv("YARDLIGHT_FRAMES_TOPIC", "yard")
    bare = bare_environment()
    monkeypatch.delenv("YARDLIGHT_FRAMES_TOPIC")
    monkeypatch.setenv(CONFIG_VARIABLE, bare[CONFIG_VARIABLE])
    assert "YARDLIGHT_FRAMES_TOPIC" not in bare
    assert show(capsys)["group"] == ("yardlight", "default")
