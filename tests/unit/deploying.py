"""`yardlight-deploy` as it is typed, and a manifest that somebody has changed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.bundle.command import run_command_line
from deploy.bundle.manifest import MANIFEST
from deploy.cli import app


def deploy(*arguments: object) -> int:
    return run_command_line(app, [str(argument) for argument in arguments])


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr with which a command ended."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


def spoil(bundle: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrite the manifest."""
    document = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
    change(document)
    (bundle / MANIFEST).write_text(json.dumps(document), encoding="utf-8")
