import subprocess
import sys
from pathlib import Path

import pytest

from deploy.bundle.command import run_command_line
from trainer.cli import app


def typed(*words: str) -> int:
    return run_command_line(app, words)


def test_without_torch_fit_names_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    status = typed("fit", "--data", str(tmp_path), "--out", str(tmp_path / "out"))
    assert status == 1
    said = capsys.readouterr().err
    assert said == "error: torch is not installed: pip install 'yardlight[train]'\n"


def test_without_torch_the_command_and_evaluate_are_there() -> None:
    hidden = "import sys; sys.modules['torch'] = None; from trainer.cli import main; "
    ask = hidden + "sys.argv[1:] = ['evaluate', '--help']; main()"
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert b"--bundle" in answer.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit", "--data", "photos"],
        ["fit", "--data", "photos", "--out", "yard", "--resize", "stretch"],
        ["fit", "--data", "photos", "--out", "yard", "--epochs", "-1"],
        ["fit", "--data", "photos", "--out", "yard", "--size", "8"],
        ["train"],
    ],
)
def test_wrong_usage_is_status_2_and_says_so_on_stderr(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(*arguments) == 2
    said = capsys.readouterr()
    assert said.err
    assert not said.out


def test_a_missing_data_set_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="needs the extra 'train'")
    status = typed("fit", "--data", str(tmp_path / "none"), "--out", str(tmp_path / "out"))
    assert status == 1
    said = capsys.readouterr().err
    assert said.startswith(f"error: {tmp_path / 'none' / 'train'} does not exist")
    assert said.count("\n") == 1


def test_evaluating_what_is_no_bundle_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert typed("evaluate", "--bundle", str(tmp_path), "--data", str(tmp_path)) == 1
    assert "is not a bundle" in capsys.readouterr().err


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("--version") == 0
    assert capsys.readouterr().out.startswith("yardlight ")


def test_who_reads_folders_is_not_left_believing_that_a_label_means_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="needs the extra 'train'")
    words = ("fit", "--data", str(tmp_path), "--out", str(tmp_path / "out"))
    assert typed(*words, "--nothing", "background") == 1
    assert capsys.readouterr().err.startswith("error: --nothing goes with --multi-label")
