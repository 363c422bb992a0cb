"""docs/metrics.md: every metric, every series that is worked out of them, every alert."""

import re
from collections.abc import Iterable, Iterator

from docs.monitoring.boards import BOARDS
from docs.monitoring.rules import ALERTS, Pace, recordings
from edge.observe.definitions import ALL, Metric

_INTRODUCTION = """\
# Metrics

`yardlight-edge run` serves them on port 9108 at `/metrics`, `yardlight-edge audit --every 600` on
port 9109. Names carry base units: seconds, bytes, ratios from 0 to 1. No label grows with frames;
cameras are a label only with `--camera-metrics N`, for the first N seen, and the rest are counted
as `(other)`.

With `--workers N` one page shows all workers of a process together. Counters and histograms are
their sums since the start, workers that died included, so none goes back. A gauge is the sum or the
maximum of those that run, or what is newest, as `across` in the list says.

This page is written by `make monitoring` from `edge/observe/definitions.py`, from which the rules
and the dashboards are made too: see [observing.md](observing.md).
"""


def reference() -> str:
    """The page as Markdown."""
    return "\n".join(
        [
            _INTRODUCTION,
            *_table(("metric", "kind", "labels", "what it says", "seen in"), map(_metric, ALL)),
            "",
            "## Recorded by Prometheus",
            "",
            *_table(("series", "query"), _recordings()),
            "",
            "## Alerts",
            "",
            *_table(("alert", "fires when", "for", "severity", "what to do"), _alerts()),
            "",
        ]
    )


def _metric(metric: Metric) -> tuple[str, ...]:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    says = f"{metric.help} Only {metric.only}." if metric.only else metric.help
    return f"`{metric.series}`", metric.kind, labels, says, ", ".join(_seen_in(metric))


def _seen_in(metric: Metric) -> Iterator[str]:
    """The dashboards and alerts that look at it, themselves or through a recorded series."""
    name = re.compile(rf"(?<![:\w]){re.escape(metric.series)}(_bucket|_sum|_count)?(?![:\w])")
    made = {it.name for it in recordings(Pace()) if name.search(it.query)}
    through = re.compile("|".join(map(re.escape, [*made, "(?!)"])) if made else "(?!)")
    for board in BOARDS:
        queries = [query.expr for panel in board.panels for query in panel.queries]
        if any(name.search(query) or through.search(query) for query in queries):
            yield board.title.removeprefix("Yardlight: ")
    yield from (
        f"`{alert.name}`"
        for alert in ALERTS
        if name.search(alert.query) or through.search(alert.query)
    )


def _recordings() -> Iterator[tuple[str, ...]]:
    return ((f"`{it.name}`", f"`{it.query}`") for it in recordings(Pace()))


def _alerts() -> Iterator[tuple[str, ...]]:
    for alert in ALERTS:
        what = f"[{alert.section.value}]({alert.section.url.removeprefix('docs/')})"
        yield f"`{alert.name}`", f"`{alert.query}`", alert.hold, alert.severity, what


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
