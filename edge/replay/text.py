"""A rerun in words and tables, and as JSON for machines."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge.audit.runs import Offsets
from edge.frame import Partition
from edge.replay.comparison import Change, Comparison
from edge.replay.live import Said
from edge.replay.summary import Summary

_ROWS = 20


def print_report(console: Console, summary: Summary, comparison: Comparison | None) -> None:
    """What was run, and what would have changed."""
    dead = "".join(f", {count} {reason}" for reason, count in summary.dead.most_common())
    _say(
        console,
        f"{summary.frames} frames with {summary.engine}: {summary.classified} classified{dead}",
    )
    if summary.into is not None:
        _say(console, f"{summary.written} classifications written to {summary.into}")
    if not summary.complete:
        _say(console, "stopped before the end: this is what was done until then")
    if comparison is not None:
        _compare(console, summary, comparison)


def _compare(console: Console, summary: Summary, comparison: Comparison) -> None:
    agreement = comparison.agreement
    if agreement is None:
        _say(console, "nothing to compare: no frame has a live outcome and one of the rerun")
    else:
        both = comparison.alike + comparison.changed
        _say(console, f"{comparison.alike} of {both} as live ({agreement:.1%})")
    if comparison.changes:
        console.print(_changes(comparison))
        console.print(_examples(comparison.examples))
    if comparison.skipped_live:
        _say(console, f"skipped live: {comparison.skipped_live}")
    _sides(console, "without a live outcome", comparison.only_rerun)
    if summary.complete:
        _sides(console, "with a live outcome only", comparison.only_live())


def _changes(comparison: Comparison) -> Table:
    table = Table("live", "would be", "frames")
    table.columns[2].justify = "right"
    for (live, rerun), count in comparison.changes.most_common(_ROWS):
        table.add_row(Text(live), Text(rerun), str(count))
    if len(comparison.changes) > _ROWS:
        table.caption = f"and {len(comparison.changes) - _ROWS} rarer changes"
    return table


def _examples(examples: list[Change]) -> Table:
    table = Table("for example", "camera", "live", "would be")
    for change in examples:
        where = f"{change.partition}@{change.offset}"
        cells = (where, change.camera, _sure(change.live), _sure(change.rerun))
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _sure(said: Said) -> str:
    return f"{said} {said.confidence:.2f}"


def _sides(console: Console, what: str, found: Mapping[Partition, Offsets]) -> None:
    for at, offsets in sorted(found.items()):
        _say(console, f"{what} in {at}: {offsets}")


def _say(console: Console, line: str) -> None:
    console.print(Text(line), soft_wrap=True)


def document_of(summary: Summary, comparison: Comparison | None) -> dict[str, Any]:
    """The whole report for machines; of changes and offsets the first hundred."""
    document: dict[str, Any] = {
        "complete": summary.complete,
        "engine": summary.engine,
        "frames": summary.frames,
        "classified": summary.classified,
        "dead_lettered": dict(summary.dead),
        "into": summary.into,
        "written": summary.written,
    }
    if comparison is not None:
        document["comparison"] = {
            "alike": comparison.alike,
            "changed": comparison.changed,
            "agreement": comparison.agreement,
            "skipped_live": comparison.skipped_live,
            "changes": [
                {"live": live, "rerun": rerun, "frames": count}
                for (live, rerun), count in comparison.changes.most_common(100)
            ],
            "examples": [_example(change) for change in comparison.examples],
            "only_rerun": _offsets(comparison.only_rerun),
            "only_live": _offsets(comparison.only_live()) if summary.complete else None,
        }
    return document


def _example(change: Change) -> dict[str, Any]:
    return {
        "topic": change.partition.topic,
        "partition": change.partition.number,
        "offset": change.offset,
        "camera": change.camera,
        "live": {"outcome": str(change.live), "confidence": round(change.live.confidence, 3)},
        "rerun": {"outcome": str(change.rerun), "confidence": round(change.rerun.confidence, 3)},
    }


def _offsets(found: Mapping[Partition, Offsets]) -> list[dict[str, Any]]:
    return [
        {"topic": at.topic, "partition": at.number, **offsets.document()}
        for at, offsets in sorted(found.items())
    ]
