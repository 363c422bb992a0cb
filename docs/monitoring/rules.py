"""What Prometheus works out of the metrics, and when it calls somebody.

Windows stand in the recording rules only, so an alert reads the same at any pace.
"""

from dataclasses import dataclass

from docs.monitoring.promql import by, quantile, rate, select
from docs.monitoring.runbook import Section
from docs.monitoring.yaml import Plain
from edge.observe import definitions as m


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast Prometheus looks, and how long something must last before it counts."""

    scrape: str = "5s"
    evaluate: str = "15s"
    window: str = "5m"
    """What rates are taken over."""
    memory: str = "1h"
    """How long a group that has vanished is missed."""
    hold: str | None = None
    """`for` of every alert, instead of its own."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A series that Prometheus keeps beside those that it scrapes."""

    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Alert:
    """`value` is what is watched, `fires` the comparison with which it becomes an alert."""

    name: str
    value: str
    fires: str
    hold: str
    severity: str
    """`page`: frames are not classified or not accounted for; `ticket`: look within a day."""
    section: Section
    summary: str
    description: str

    @property
    def query(self) -> str:
        return f"{self.value} {self.fires}"


FRAME_RATE = "job:yardlight_frames:rate"
LATENCY_P99 = "job:yardlight_frame_latency_seconds:p99"
LAG_SUM = "job:yardlight_consumer_lag_frames:sum"
LAG_GROWTH = "job:yardlight_consumer_lag_frames:deriv"
DEAD_LETTER_RATIO = "job:yardlight_dead_letters:ratio"
UNSERVED = "job:yardlight_topic_partitions:unserved"
CAMERA_RATE = "job_camera:yardlight_camera_frames:rate"


def recordings(pace: Pace) -> tuple[Recording, ...]:
    """In an order in which each finds what it is made of."""
    frames = rate(select(m.FRAMES), pace.window)
    letters = rate(select(m.FRAMES, outcome='="dead-lettered"'), pace.window)
    total = rate(select(m.FRAME_LATENCY, "_bucket", stage='="total"'), pace.window)
    assigned = by("sum", "job", select(m.PARTITIONS_ASSIGNED))
    known = f"max_over_time({select(m.TOPIC_PARTITIONS)}[{pace.memory}])"
    partitions = by("max", "job", known)
    return (
        Recording(FRAME_RATE, by("sum", "job", frames)),
        Recording(DEAD_LETTER_RATIO, f"{by('sum', 'job', letters)} / {by('sum', 'job', frames)}"),
        Recording(LATENCY_P99, quantile(0.99, "job", total)),
        Recording(LAG_SUM, by("sum", "job", select(m.LAG))),
        Recording(LAG_GROWTH, f"deriv({LAG_SUM}[{pace.window}])"),
        # A group whose last member is gone has no series any more: what it had is remembered.
        Recording(UNSERVED, f"{partitions} - ({assigned} or 0 * {partitions})"),
        Recording(
            CAMERA_RATE, by("sum", "job, camera", rate(select(m.CAMERA_FRAMES), pace.window))
        ),
    )


# Engines stand on the side of the many: while workers change over one after the other, a node has
# two.
_FALLBACK = f"{select(m.ENGINE)} * on (job, instance) group_left () {select(m.ENGINE_FALLBACK)}"

ALERTS = (
    Alert(
        "YardlightDown",
        'up{job=~"yardlight.*"}', "== 0", "1m", "page", Section.DOWN,
        "{{ $labels.instance }} does not answer",
        "Prometheus cannot scrape {{ $labels.instance }} of {{ $labels.job }}: the process, the "
        "machine or the network is down.",
    ),
    Alert(
        "YardlightNoFrames",
        FRAME_RATE, "== 0", "2m", "page", Section.NO_FRAMES,
        "No frame was finished in {{ $labels.job }}",
        "The service runs and not one frame ended in an outcome: cameras, Kafka or the pipeline "
        "stand still.",
    ),
    Alert(
        "YardlightLagGrowing",
        LAG_GROWTH, f"> 0 and {LAG_SUM} > 100", "10m", "ticket", Section.LAG,
        "{{ $labels.job }} falls behind",
        'Frames come faster than they are classified; the backlog grows by {{ printf "%.1f" '
        "$value }} frames a second.",
    ),
    Alert(
        "YardlightLatencyOverTarget",
        LATENCY_P99, f"> on (job) {by('min', 'job', select(m.LATENCY_TARGET))}", "5m", "ticket",
        Section.LATENCY,
        "p99 of {{ $labels.job }} is {{ $value | humanizeDuration }}",
        "More than one frame in a hundred takes longer than --latency-target from appended to "
        "acknowledged.",
    ),
    Alert(
        "YardlightDeadLetters",
        DEAD_LETTER_RATIO, "> 0.01", "5m", "ticket", Section.DEAD_LETTERS,
        "{{ $value | humanizePercentage }} of the frames of {{ $labels.job }} are dead-lettered",
        "Frames arrive that can never be classified; their bytes and the reason are in "
        "frames.dead-letters.",
    ),
    Alert(
        "YardlightPartitionUnserved",
        UNSERVED, "> 0", "2m", "page", Section.UNSERVED,
        "{{ $value }} partitions of {{ $labels.job }} belong to nobody here",
        "The topic has more partitions than the members that are scraped own together: the frames "
        "in the others wait.",
    ),
    Alert(
        "YardlightWorkerNotReady",
        select(m.WORKER_READY), "== 0", "5m", "ticket", Section.WORKER,
        "Worker {{ $labels.worker }} of {{ $labels.instance }} takes no frames",
        "The other workers of the node have its partitions meanwhile, and fall behind sooner.",
    ),
    Alert(
        "YardlightEngineFallback",
        by("max", "job, instance, kind", _FALLBACK), "== 1", "5m", "ticket", Section.FALLBACK,
        "{{ $labels.instance }} runs the reference engine",
        "--engine auto found nothing better than {{ $labels.kind }}: results are right, and fewer.",
    ),
    Alert(
        "YardlightGpuThrottled",
        # At its power cap a GPU under full load is where it should be.
        by("max", "job, instance, gpu, reason", select(m.GPU_THROTTLED, reason='!="power-cap"')),
        "== 1", "5m", "ticket", Section.GPU,
        "GPU {{ $labels.gpu }} of {{ $labels.instance }} is throttled: {{ $labels.reason }}",
        "Its clocks are held down, so that it classifies fewer frames than it could.",
    ),
    Alert(
        "YardlightAuditBroken",
        select(m.AUDIT_STATE, state='="broken"'), "== 1", "0s", "page", Section.AUDIT,
        "The recount of {{ $labels.instance }} is broken",
        "Committed frames without an outcome, or with more than one: yardlight-edge audit names "
        "their offsets.",
    ),
    Alert(
        "YardlightCameraSilent",
        CAMERA_RATE, "== 0", "5m", "ticket", Section.CAMERA,
        "Camera {{ $labels.camera }} is silent",
        "Frames of it came before, and none comes now.",
    ),
    Alert(
        "YardlightCertificateExpires",
        f"{select(m.CERTIFICATE_EXPIRY)} - time()", f"< {14 * 86_400}", "5m", "ticket",
        Section.CERTIFICATE,
        "The client certificate of {{ $labels.instance }} expires soon, or is of no use already",
        "Kafka will refuse the next connection of {{ $labels.instance }} after that.",
    ),
)  # fmt: skip


def rules_document(pace: Pace) -> Plain:
    """Recording and alerting rules as Prometheus reads them."""
    recorded: list[Plain] = [{"record": it.name, "expr": it.query} for it in recordings(pace)]
    alerts = [_alert(alert, pace) for alert in ALERTS]
    return {
        "groups": [
            {"name": "yardlight-recordings", "rules": recorded},
            {"name": "yardlight-alerts", "rules": alerts},
        ]
    }


def _alert(alert: Alert, pace: Pace) -> Plain:
    return {
        "alert": alert.name,
        "expr": alert.query,
        "for": alert.hold if pace.hold is None else pace.hold,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": alert.section.url,
        },
    }
