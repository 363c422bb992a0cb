"""Which cameras send, and whether their clocks can be believed."""

from docs.monitoring.board import Board, Panel, Query, chosen, chosen_rate
from docs.monitoring.promql import by
from docs.monitoring.rules import CAMERA_RATE
from docs.monitoring.runbook import Section
from edge.observe import definitions as m

_ASKED = "only with --camera-metrics"

CAMERAS = Board(
    "yardlight-cameras",
    "Yardlight: Cameras",
    "Which cameras send, and whether their clocks can be believed. Series of each camera are there "
    "with --camera-metrics.",
    (
        Panel(
            "Cameras", "Cameras with series of their own; (other) stands for all the rest.",
            "none", Section.CAMERA,
            (Query(f"count({by('count', 'camera', chosen(m.CAMERA_FRAMES))})", "cameras",
                   empty=_ASKED),),
            "stat",
        ),
        Panel(
            "Silent cameras", "Cameras that sent before, and send no more.", "none", Section.CAMERA,
            (Query(f'{CAMERA_RATE}{{job=~"$job"}} == 0', "{{camera}}", empty="all of them send"),),
            "stat",
        ),
        Panel(
            "Frames of each camera", "Frames that ended in an outcome.",
            "suffix: frames/s", Section.CAMERA,
            (Query(by("sum", "camera", chosen_rate(m.CAMERA_FRAMES)), "{{camera}}", empty=_ASKED),),
        ),
        Panel(
            "Age of each camera's newest outcome", "It grows while a camera sends nothing.",
            "s", Section.CAMERA,
            (Query(f"time() - {by('max', 'camera', chosen(m.CAMERA_NEWEST))}", "{{camera}}",
                   empty=_ASKED),),
        ),
        Panel(
            "Clock skew", "Record timestamp minus the capture time that the camera claims: "
            "colour says how many frames.",
            "s", Section.CLOCK,
            (Query(by("sum", "le", chosen_rate(m.CAMERA_CLOCK_SKEW, "_bucket")), "{{le}}"),),
            "heatmap",
        ),
        Panel(
            "Capture times not believed", "Replaced by the record's own timestamp, by why.",
            "suffix: frames/s", Section.CLOCK,
            (Query(by("sum", "fault", chosen_rate(m.CAPTURE_TIME_FAULTS)), "{{fault}}"),),
        ),
    ),
)  # fmt: skip
