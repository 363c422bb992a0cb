"""Where frames spend their time, and what they end in."""

from docs.monitoring.board import Board, Panel, Query, chosen, chosen_rate
from docs.monitoring.promql import by, quantile
from docs.monitoring.rules import DEAD_LETTER_RATIO, LAG_GROWTH
from docs.monitoring.runbook import Section
from edge.observe import definitions as m

_TOTAL = chosen_rate(m.FRAME_LATENCY, "_bucket", stage='="total"')
_STAGE = chosen_rate(m.FRAME_LATENCY, "_bucket", stage='!="total"')
_RUNS = chosen_rate(m.ENGINE_SECONDS, "_bucket")


def _mean(metric: m.Metric, labels: str, **wanted: str) -> str:
    """The mean of what a histogram observed, for each combination of `labels`."""
    sums = by("sum", labels, chosen_rate(metric, "_sum", **wanted))
    return f"{sums} / {by('sum', labels, chosen_rate(metric, '_count', **wanted))}"


PIPELINE = Board(
    "yardlight-pipeline",
    "Yardlight: Pipeline",
    "Where frames spend their time, how they are batched, and what they end in.",
    (
        Panel(
            "Outcomes", "What frames end in; every frame ends in exactly one of these.",
            "suffix: frames/s", Section.NO_FRAMES,
            (Query(by("sum", "outcome", chosen_rate(m.FRAMES)), "{{outcome}}"),),
        ),
        Panel(
            "Dead letters", "Frames that can never be classified, by reason.",
            "suffix: frames/s", Section.DEAD_LETTERS,
            (Query(by("sum", "reason", chosen_rate(m.DEAD_LETTERS)), "{{reason}}",
                   empty="no frame was dead-lettered since the service started"),),
        ),
        Panel(
            "Latency", "Frames by time from appended to acknowledged: colour says how many.",
            "s", Section.LATENCY,
            (Query(by("sum", "le", _TOTAL), "{{le}}"),), "heatmap", 24,
        ),
        Panel(
            "Latency against target",
            "Quantiles of the total; dots are frames with a trace. Target: --latency-target.",
            "s", Section.LATENCY,
            (
                Query(quantile(0.5, "", _TOTAL), "p50"),
                Query(quantile(0.95, "", _TOTAL), "p95"),
                Query(quantile(0.99, "", _TOTAL), "p99", exemplars=True),
                Query(f"min({chosen(m.LATENCY_TARGET)})", "target"),
            ),
        ),
        Panel(
            "Stages, mean", "Where the time of a mean frame goes; the stages sum to its total.",
            "s", Section.LATENCY,
            (Query(_mean(m.FRAME_LATENCY, "stage", stage='!="total"'), "{{stage}}"),),
        ),
        Panel(
            "Stages, p99", "The slowest hundredth of each stage.", "s", Section.LATENCY,
            (Query(quantile(0.99, "stage", _STAGE), "{{stage}}"),),
        ),
        Panel(
            "Batch size, mean", "Frames in one run of the engine.",
            "suffix: frames", Section.CAPACITY,
            (Query(_mean(m.BATCH_SIZE, "instance"), "{{instance}}"),),
        ),
        Panel(
            "Batch sizes", "Runs by the frames in them: colour says how many.",
            "suffix: frames", Section.CAPACITY,
            (Query(by("sum", "le", chosen_rate(m.BATCH_SIZE, "_bucket")), "{{le}}"),), "heatmap",
        ),
        Panel(
            "Engine, seconds a run", "Time of one run, whatever the size of its batch.",
            "s", Section.CAPACITY,
            (Query(quantile(0.5, "", _RUNS), "p50"), Query(quantile(0.99, "", _RUNS), "p99")),
        ),
        Panel(
            "Lag by partition", "Frames appended and not yet polled.",
            "suffix: frames", Section.LAG,
            (Query(by("sum", "topic, partition", chosen(m.LAG)), "{{topic}}/{{partition}}"),),
        ),
        Panel(
            "Growth of the lag", "By how many frames a second the backlog grows; below 0 it "
            "shrinks.",
            "suffix: frames/s", Section.LAG,
            (Query(f'{LAG_GROWTH}{{job=~"$job"}}', "{{job}}"),),
        ),
        Panel(
            "Share of dead letters", "An alert fires above 1 %.",
            "percentunit", Section.DEAD_LETTERS,
            (Query(f'{DEAD_LETTER_RATIO}{{job=~"$job"}}', "{{job}}"),),
        ),
        Panel(
            "Suspects", "Frames tried alone in a child process after a member died.",
            "suffix: frames/s", Section.SUSPECTS,
            (Query(by("sum", "instance", chosen_rate(m.SUSPECTS)), "{{instance}}"),),
        ),
    ),
)  # fmt: skip
