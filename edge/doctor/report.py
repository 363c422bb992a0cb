"""Findings for a reader, and for a machine."""

import json
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.bundle.command import DONE, FAILED
from edge.doctor.finding import Finding, Status

_COLOURS: dict[Status, str] = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def show(findings: Iterable[Finding], console: Console) -> int:
    """Print them as a table; the exit status."""
    seen = list(findings)
    table = Table("", "check", "found", "what to do", show_lines=False)
    for finding in seen:
        colour = _COLOURS[finding.status]
        found, advice = Text(finding.found, overflow="fold"), Text(finding.advice, overflow="fold")
        table.add_row(Text(finding.status, colour), Text(finding.check), found, advice)
    console.print(table)
    console.print(verdict(seen))
    return status_of(seen)


def show_json(findings: Iterable[Finding], console: Console) -> int:
    """Print them as one JSON document; the exit status."""
    seen = list(findings)
    document = {
        "verdict": verdict(seen),
        "findings": [
            {"check": it.check, "status": it.status, "found": it.found, "advice": it.advice}
            for it in seen
        ],
    }
    console.file.write(json.dumps(document, indent=2) + "\n")
    return status_of(seen)


def verdict(findings: Sequence[Finding]) -> str:
    """One line: how many of each."""
    counts = {status: sum(finding.status == status for finding in findings) for status in _COLOURS}
    return ", ".join(f"{count} {status}" for status, count in counts.items())


def status_of(findings: Sequence[Finding]) -> int:
    """0 unless something failed; warnings are allowed."""
    return FAILED if any(finding.status == "fail" for finding in findings) else DONE
