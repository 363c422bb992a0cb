"""What the GPUs of the nodes do, where they have any."""

from docs.monitoring.board import Board, Panel, Query, chosen, chosen_rate
from docs.monitoring.promql import by
from docs.monitoring.runbook import Section
from edge.observe import definitions as m

_NONE = "there is no GPU, no driver, or no nvidia-ml-py"
_GPU = "{{instance}} GPU {{gpu}}"

GPU = Board(
    "yardlight-gpu",
    "Yardlight: GPU",
    "What the GPUs of the nodes do. Without a GPU the panels are empty but for the engine's.",
    (
        Panel(
            "Utilisation", "Share of the time in which a kernel ran.", "percentunit", Section.GPU,
            (Query(chosen(m.GPU_UTILISATION), _GPU, empty=_NONE),),
        ),
        Panel(
            "Memory", "In use by all processes, and what there is.", "bytes", Section.GPU,
            (
                Query(chosen(m.GPU_MEMORY_USED), f"{_GPU} used", empty=_NONE),
                Query(chosen(m.GPU_MEMORY_TOTAL), f"{_GPU} total", empty=_NONE),
            ),
        ),
        Panel(
            "Temperature", "Of the chip.", "celsius", Section.GPU,
            (Query(chosen(m.GPU_TEMPERATURE), _GPU, empty=_NONE),),
        ),
        Panel(
            "Throttled", "1 while clocks are held down, by why. power-cap is usual at full load.",
            "none", Section.GPU,
            (Query(chosen(m.GPU_THROTTLED), f"{_GPU} {{{{reason}}}}", empty=_NONE),),
        ),
        Panel(
            "Engine busy", "Runs that were under way at once, on average; at most the sessions.",
            "none", Section.CAPACITY,
            (Query(by("sum", "instance", chosen_rate(m.ENGINE_SECONDS, "_sum")), "{{instance}}"),),
        ),
        Panel(
            "Frames a run", "Small batches at a high load mean that decoding is the limit.",
            "suffix: frames", Section.CAPACITY,
            (Query(
                f"{by('sum', 'instance', chosen_rate(m.BATCH_SIZE, '_sum'))} / "
                f"{by('sum', 'instance', chosen_rate(m.BATCH_SIZE, '_count'))}",
                "{{instance}}",
            ),),
        ),
    ),
)  # fmt: skip
