"""The demo's terminal: live while it runs, a report at the end."""

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from edge.audit.report import AuditReport
from edge.audit.tally import Answer
from edge.demo.statistics import Statistics
from edge.watch import Latest


def live_view(latest: Latest, statistics: Statistics, metrics: str, now: float) -> RenderableType:
    """What is on screen while the demo runs."""
    accuracy = f"{statistics.accuracy:.1%}" if statistics.seen else "…"
    line = Text.assemble(
        (f"{statistics.seen}", "bold"),
        f" of {statistics.sent} frames classified   accuracy ",
        (accuracy, "bold"),
        f"   {statistics.throughput:.1f} a second",
    )
    where = Text(f"metrics {metrics}   stop with Ctrl-C", style="dim")
    return Group(latest.table(now), line, where)


def print_report(
    console: Console, statistics: Statistics, report: AuditReport, verdict: str
) -> None:
    """Outcomes, accuracy, latency, throughput and the audit's verdict."""
    outcomes = Table("outcome", "frames", title="What became of the frames")
    outcomes.columns[1].justify = "right"
    for answer in (Answer.CLASSIFIED, Answer.SKIPPED, Answer.DEAD_LETTERED):
        outcomes.add_row(answer.name.lower().replace("_", "-"), str(report.total(answer)))
    outcomes.add_row("sent", str(statistics.sent), style="bold")
    console.print(outcomes)
    console.print(_latency(statistics))
    accuracy = (
        f"{statistics.accuracy:.1%} of {statistics.seen} frames, against what the simulator drew"
        if statistics.seen
        else "unknown, no frame was classified"
    )
    console.print(f"accuracy    {accuracy}")
    for (truth, label), count in statistics.wrong.most_common(3):
        console.print(f"            {count} x {truth} taken for {label}", markup=False)
    console.print(f"throughput  {statistics.throughput:.1f} frames a second")
    console.print(f"audit       {verdict}", soft_wrap=True)


def _latency(statistics: Statistics) -> Table:
    table = Table("stage", "p50", "p95", "p99", title="Latency (ms)")
    for column in table.columns[1:]:
        column.justify = "right"
    for stage, row in statistics.percentiles().items():
        table.add_row(stage, *(f"{1000 * seconds:.1f}" for seconds in row))
    return table
