"""How every command ends: results on stdout, errors on stderr, one exit status."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from cyclopts import App

from deploy.bundle.command import DONE, FAILED, WRONG_USAGE, command_line, run_command_line
from deploy.bundle.errors import BadFrame, BundleError, Fatal, MissingDriver, Unavailable
from tests.ending import finished

ROOT = Path(__file__).parents[2]
# A command whose status is 3, as the audit's may be.
TALKATIVE = """
import sys
from deploy.bundle.command import command_line, run_command_line
app = command_line("yardlight-test", "A test.")
@app.command
def talk(lines: int) -> int:
    sys.stdout.write("a line\\n" * lines)
    return 3
sys.exit(run_command_line(app))
"""


@pytest.fixture
def app() -> App:
    return command_line("yardlight-test", "A test.")


@pytest.mark.parametrize(("returned", "status"), [(None, DONE), (0, 0), (1, 1), (3, 3)])
def test_a_command_ends_with_its_own_status(app: App, returned: int | None, status: int) -> None:
    app.command(lambda: returned, name="go")
    assert run_command_line(app, ["go"]) == status


@pytest.mark.parametrize(
    "error",
    [
        Fatal("the device is gone"),
        Unavailable("nobody answers"),
        BundleError("x.json: field 'name' is missing"),
        MissingDriver("openvino", "cpu"),
        BadFrame("truncated", "it ends too early"),
    ],
)
def test_an_error_of_ours_is_one_line_on_stderr(
    app: App, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def fail() -> None:
        raise error

    app.command(fail)
    assert run_command_line(app, ["fail"]) == FAILED
    assert capsys.readouterr() == ("", f"error: {error}\n")


def test_an_error_that_is_not_ours_is_not_hidden(app: App) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    app.command(fail)
    with pytest.raises(ZeroDivisionError):
        run_command_line(app, ["fail"])


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["go", "--count", "many"], "many"),
        (["go", "--cuont", "1"], "--count"),
        (["og"], "go"),
        (["go"], "--count"),
    ],
)
def test_wrong_usage_is_2_and_says_what_was_wrong(
    app: App, capsys: pytest.CaptureFixture[str], typed: list[str], said: str
) -> None:
    def go(*, count: int) -> None:
        raise AssertionError(count)

    app.command(go)
    assert run_command_line(app, typed) == WRONG_USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


def test_ctrl_c_is_130_and_one_word(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    def wait() -> None:
        raise KeyboardInterrupt

    app.command(wait)
    assert run_command_line(app, ["wait"]) == 130
    assert capsys.readouterr() == ("", "interrupted\n")


def test_help_and_version_are_results(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(app, ["--help"]) == DONE
    assert "A test." in capsys.readouterr().out
    assert run_command_line(app, ["--version"]) == DONE
    assert capsys.readouterr() == (f"yardlight {version('yardlight')}\n", "")


@pytest.mark.parametrize(("lines", "status"), [(1, 3), (1_000_000, DONE)])
@pytest.mark.parametrize("unbuffered", [False, True])
def test_a_reader_that_has_gone_is_no_failure(lines: int, status: int, *, unbuffered: bool) -> None:
    """Output that fits the buffer fails only at the end, when the status is known already."""
    reading, writing = os.pipe()
    os.close(reading)
    others = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    try:
        ended = finished(
            [sys.executable, "-c", TALKATIVE, "talk", str(lines)],
            cwd=ROOT,
            env=others | ({"PYTHONUNBUFFERED": "1"} if unbuffered else {}),
            stdout=writing,
        )
    finally:
        os.close(writing)
    assert ended.stderr == ""
    assert ended.returncode == (DONE if unbuffered else status)


def talk(redirection: str, lines: int) -> "subprocess.CompletedProcess[str]":
    """Run the talkative command from a shell, its output redirected."""
    command = [sys.executable, "-c", TALKATIVE, "talk", str(lines)]
    return finished(
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *command],
        cwd=ROOT,
        stdout=None,
    )


@pytest.mark.parametrize("closed", [">&-", ">&- <&-"])
def test_a_closed_stdout_is_no_failure(closed: str) -> None:
    ended = talk(closed, 1)
    assert (ended.returncode, ended.stderr) == (3, "")


def test_with_everything_closed_the_status_still_tells() -> None:
    assert talk("<&- >&- 2>&-", 1).returncode == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("lines", [1, 1_000_000])
def test_a_full_disk_is_one_line_on_stderr(lines: int) -> None:
    """Output that fits the buffer fails only at the end."""
    ended = talk(">/dev/full", lines)
    assert ended.returncode == FAILED
    assert ended.stderr.startswith("error: ")
    assert ended.stderr.endswith("No space left on device\n")
    assert len(ended.stderr.splitlines()) == 1


def test_an_error_of_the_machine_is_one_line_that_names_the_file(
    app: App, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def read() -> None:
        (tmp_path / "nothing").read_bytes()

    app.command(read)
    assert run_command_line(app, ["read"]) == FAILED
    assert capsys.readouterr() == ("", f"error: {tmp_path}/nothing: No such file or directory\n")
