"""The sections of docs/runbook.md, to which every alert and every panel leads."""

import re
from enum import Enum
from pathlib import Path

RUNBOOK = Path(__file__).parents[1] / "runbook.md"
BOARD = "yardlight-runbook"
"""Grafana's copy, so that a yard without the internet can read it."""


class Section(Enum):
    """Values are headings of docs/runbook.md."""

    DOWN = "Not answering"
    NO_FRAMES = "No frames"
    LAG = "Lag grows"
    LATENCY = "Latency over target"
    DEAD_LETTERS = "Dead letters"
    SUSPECTS = "Suspects"
    UNSERVED = "Partition unserved"
    WORKER = "Worker not ready"
    FALLBACK = "Engine fallback"
    GPU = "GPU throttled"
    AUDIT = "Audit broken"
    CAMERA = "Camera silent"
    CERTIFICATE = "Certificate expires"
    CLOCK = "Camera clocks"
    RECONNECTS = "Reconnects"
    CAPACITY = "Capacity"

    @property
    def anchor(self) -> str:
        return self.value.lower().replace(" ", "-")

    @property
    def number(self) -> int:
        """From 1: the panel of the runbook's dashboard that shows it."""
        return list(Section).index(self) + 1

    @property
    def url(self) -> str:
        """Where it lies in this repository."""
        return f"docs/{RUNBOOK.name}#{self.anchor}"

    @property
    def panel_url(self) -> str:
        """Where Grafana shows it, whatever address Grafana has."""
        return f"/d/{BOARD}/runbook?viewPanel={self.number}"


def texts() -> dict[Section, str]:
    """What the runbook says in each section, as Markdown.

    Raises:
        ValueError: a section is missing, or nothing leads to one.
    """
    parts = re.split(r"^## (.+)$", RUNBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    written = dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True))
    wanted = {section.value for section in Section}
    if written.keys() != wanted:
        differ = sorted(written.keys() ^ wanted)
        raise ValueError(f"{RUNBOOK} and docs.monitoring.runbook differ in {differ}")
    return {section: written[section.value] for section in Section}
