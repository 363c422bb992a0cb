"""docs/configuration.md: every setting with its default, from the command lines."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from docs.configuration.entries import Entry, entries
from edge.cli import app as edge
from trainer.cli import app as trainer

_INTRODUCTION = """\
# Configuration

Each setting of `yardlight-edge` may stand on the command line (`--max-age 2s`), in the environment
(`YARDLIGHT_MAX_AGE=2s`) or in `yardlight.toml` of the folder that it is started in
(`max-age = "2s"`; `YARDLIGHT_CONFIG` names another file). What comes earlier in this list counts.
`yardlight-edge run --show-config` prints each value and where it came from; an unknown key is an
error that names the nearest one.

Settings of the other commands of `yardlight-edge` are few: `--help` lists them. `yardlight-train`
and `yardlight-deploy` take theirs from the command line alone.

This page is written by `make configuration` from `edge/settings` and `trainer/settings.py`.
"""


def reference() -> str:
    """The page as Markdown."""
    return "\n".join(
        [
            _INTRODUCTION,
            "## `yardlight-edge run`",
            "",
            *_by_group(entries(edge, "run")),
            "## `yardlight-train fit`",
            "",
            *_table(entries(trainer, "fit")),
            "",
        ]
    )


def _by_group(found: Iterable[Entry]) -> Iterator[str]:
    for group, members in groupby(found, lambda entry: entry.group):
        if group != "Parameters":
            yield from (f"### {group}", "")
        yield from (*_table(members), "")


def _table(found: Iterable[Entry]) -> Iterator[str]:
    yield "| setting | default | what it does |"
    yield "|---|---|---|"
    for entry in found:
        choices = ", ".join(f"`{choice}`" for choice in entry.choices)
        says = f"{entry.help} One of {choices}." if choices else entry.help
        yield f"| `--{entry.name}` | {_default(entry)} | {says.replace('|', chr(92) + '|')} |"


def _default(entry: Entry) -> str:
    if entry.required:
        return "must be given"
    if entry.default is None or entry.default == "":
        return ""
    if isinstance(entry.default, bool):
        return "on" if entry.default else "off"
    return f"`{entry.default}`"
