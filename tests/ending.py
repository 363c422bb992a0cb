"""Other programs, once they have ended: one that does not end fails the test with what it said."""

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from tests.waiting import PATIENCE

TO_THE_END = 240.0
"""Seconds: less than a test may take (pyproject.toml), so that it fails in these words."""


def finished(
    command: Sequence[Any], *, check: bool = False, seconds: float = TO_THE_END, **options: Any
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end, with all that it wrote; `options` are those of `subprocess.run`.

    It is killed, and the test fails, after `seconds`; and with `check`, where its status is not 0.
    """
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    try:
        done = subprocess.run(command, check=False, timeout=seconds, **{**pipes, **options})
    except subprocess.TimeoutExpired as late:
        said = _text(late.stdout) + _text(late.stderr)
        pytest.fail(f"{_shown(command)} did not end in {seconds:.0f} s, and said:\n{said}")
    if check and done.returncode:
        pytest.fail(f"{_shown(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


@contextmanager
def killed_after(process: "subprocess.Popen[Any]", seconds: float = PATIENCE) -> Iterator[None]:
    """Within `with`, so that reading from a process that says nothing, or waiting for it, ends."""
    clock = threading.Timer(seconds, process.kill)
    clock.daemon = True
    clock.start()
    try:
        yield
    finally:
        clock.cancel()


def _text(said: str | bytes | None) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said or ""


def _shown(command: Sequence[Any]) -> str:
    return " ".join(map(str, command))[:400]
