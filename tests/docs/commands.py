"""The commands that the documentation tells its readers to type."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CONTINUED = re.compile(r"\\\n\s*")
_COMMENT = re.compile(r"\s+#\s.*")


@dataclass(frozen=True, slots=True)
class Command:
    page: str
    text: str


def commands(page: Path) -> Iterator[Command]:
    """All of a page: lines of `sh`, lines after a `$` of `console`, and indented ones."""
    text = page.read_text(encoding="utf-8")
    for language, block in _FENCE.findall(text):
        for line in _CONTINUED.sub(" ", block).splitlines():
            if language == "sh" and line:
                yield Command(page.name, _COMMENT.sub("", line))
            if language == "console" and line.startswith("$ "):
                yield Command(page.name, _COMMENT.sub("", line[2:]).removesuffix(" &"))
    for line in _FENCE.sub("", text).splitlines():
        if re.match(r"    (make|pip|yardlight|prometheus|docker|helm)\b", line):
            yield Command(page.name, _COMMENT.sub("", line.strip()))
