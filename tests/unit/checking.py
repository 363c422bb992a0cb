"""`yardlight-train check` as it is typed, and what it wrote."""

import json
from pathlib import Path
from typing import Any

from deploy.bundle.command import run_command_line
from trainer.cli import app


def check(data: Path, *words: str | Path) -> int:
    """Its exit status; on one thread."""
    return run_command_line(app, ["check", "--data", str(data), "--threads", "1", *map(str, words)])


def report(data: Path) -> Any:
    """`check.json` of the newest check."""
    return json.loads((data.parent / f"{data.name}-check" / "check.json").read_bytes())
