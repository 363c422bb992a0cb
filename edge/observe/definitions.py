"""Every metric, once: name, kind, help, labels, buckets.

What scrapes, charts or describes a metric is made from this list, by `python -m docs.monitoring`.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["counter", "gauge", "histogram", "info"]
Across: TypeAlias = Literal["sum", "max", "newest", "one"]
"""What a gauge is where several workers have it: the `sum` or the `max` of those that run, the
highest that any said since the start (`newest`), or told by `one` process only."""

_LATENCY_BUCKETS = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0
)  # fmt: skip
_BATCH_BUCKETS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
_SKEW_BUCKETS = (-60.0, -5.0, -1.0, -0.1, 0.1, 1.0, 5.0, 60.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family. `name` carries the unit, and no suffix of its samples."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    only: str = ""
    """When the service has it at all; empty if always."""
    across: Across | None = None
    """Must be said of a gauge, and of nothing else: counts add up, and what is told is the same."""

    def __post_init__(self) -> None:
        if (self.kind == "gauge") != (self.across is not None):
            raise ValueError(f"{self.name}, a {self.kind}, has across={self.across}")

    @property
    def series(self) -> str:
        """The name that a query asks for; a histogram's ends in `_bucket`, `_sum` or `_count`."""
        suffixes = {"counter": "_total", "info": "_info", "gauge": "", "histogram": ""}
        return self.name + suffixes[self.kind]


FRAMES = Metric(
    "yardlight_frames", "counter", "Frames by outcome, counted when acknowledged.", ("outcome",)
)
DEAD_LETTERS = Metric(
    "yardlight_dead_letters", "counter", "Dead-lettered frames by reason.", ("reason",)
)
SKIPPED = Metric(
    "yardlight_skipped", "counter", "Frames not classified on purpose, by reason.", ("reason",)
)
FRAME_LATENCY = Metric(
    "yardlight_frame_latency_seconds",
    "histogram",
    "Time of a frame in each stage, and in total.",
    ("stage",),
    _LATENCY_BUCKETS,
)
LATENCY_TARGET = Metric(
    "yardlight_latency_target_seconds",
    "gauge",
    "Time that 99 of 100 frames should keep to, from appended to acknowledged.",
    across="max",
)
NEWEST_OUTCOME = Metric(
    "yardlight_newest_outcome_timestamp_seconds",
    "gauge",
    "Unix time at which the newest outcome was acknowledged; 0 before the first.",
    across="newest",
)
BATCH_SIZE = Metric(
    "yardlight_batch_size", "histogram", "Frames in one run.", buckets=_BATCH_BUCKETS
)
ENGINE_SECONDS = Metric(
    "yardlight_engine_seconds", "histogram", "Time of one run of the engine.",
    buckets=_LATENCY_BUCKETS,
)  # fmt: skip
DECODED_ON_CPU = Metric(
    "yardlight_decoded_on_cpu_frames",
    "counter",
    "Frames that the CPU decoded because the GPU could not; 0 where no GPU decodes.",
)
LAG = Metric(
    "yardlight_consumer_lag_frames",
    "gauge",
    "Frames appended and not yet polled.",
    ("topic", "partition"),
    across="max",
)
PARTITIONS_ASSIGNED = Metric(
    "yardlight_partitions_assigned", "gauge",
    "Partitions that this member owns, its workers together.",
    across="sum",
)  # fmt: skip
TOPIC_PARTITIONS = Metric(
    "yardlight_topic_partitions", "gauge", "Partitions of the frames topic, whoever owns them.",
    across="max",
)  # fmt: skip
CAMERA_CLOCK_SKEW = Metric(
    "yardlight_camera_clock_skew_seconds",
    "histogram",
    "Record timestamp minus the capture time that the camera claims.",
    buckets=_SKEW_BUCKETS,
)
CAPTURE_TIME_FAULTS = Metric(
    "yardlight_capture_time_faults", "counter", "Capture times not believed, by why.", ("fault",)
)
RECONNECTS = Metric(
    "yardlight_reconnects",
    "counter",
    "Failures that made a Kafka client start over.",
    ("client",),
)
TRANSACTIONS = Metric(
    "yardlight_transactions",
    "counter",
    "Transactions of exactly-once by how they ended.",
    ("result",),
)
SUSPECTS = Metric(
    "yardlight_suspects",
    "counter",
    "Frames tried alone in a child process, because a member died that may have had them in hand.",
)
BUILD = Metric("yardlight_build", "info", "Version of Yardlight.", ("version", "python"))
ENGINE = Metric(
    "yardlight_engine", "info", "The engine that runs.", ("kind", "precision", "digest")
)
MODEL = Metric("yardlight_model", "info", "The bundle that runs.", ("name", "version", "digest"))
ENGINE_FALLBACK = Metric(
    "yardlight_engine_fallback",
    "gauge",
    "1 where `auto` found nothing better than the reference engine.",
    across="max",
)

SERVICE = (
    FRAMES, DEAD_LETTERS, SKIPPED, FRAME_LATENCY, LATENCY_TARGET, NEWEST_OUTCOME, BATCH_SIZE,
    ENGINE_SECONDS, DECODED_ON_CPU, LAG, PARTITIONS_ASSIGNED, TOPIC_PARTITIONS, CAMERA_CLOCK_SKEW,
    CAPTURE_TIME_FAULTS, RECONNECTS, TRANSACTIONS, SUSPECTS, BUILD, ENGINE, MODEL,
    ENGINE_FALLBACK,
)  # fmt: skip
"""What `yardlight-edge run` always serves."""

CAMERA_FRAMES = Metric(
    "yardlight_camera_frames",
    "counter",
    "Frames of each camera whose outcome was acknowledged.",
    ("camera",),
    only="with --camera-metrics",
)
CAMERA_NEWEST = Metric(
    "yardlight_camera_newest_outcome_timestamp_seconds",
    "gauge",
    "Unix time at which a camera's newest outcome was acknowledged.",
    ("camera",),
    only="with --camera-metrics",
    across="newest",
)
CAMERAS = (CAMERA_FRAMES, CAMERA_NEWEST)

_WORKERS = "with --workers 2 or more"
WORKER_READY = Metric(
    "yardlight_worker_ready", "gauge", "1 while this worker takes frames, else 0.", ("worker",),
    only=_WORKERS, across="one",
)  # fmt: skip
WORKER_STARTS = Metric(
    "yardlight_worker_starts", "counter",
    "How often this worker was started; more than once is after a death.", ("worker",),
    only=_WORKERS,
)  # fmt: skip
WORKERS = (WORKER_READY, WORKER_STARTS)
_SLOT = "with --slot"
ROLLOUT_STATE = Metric(
    "yardlight_rollout_state", "gauge",
    "1 for the state of the newest roll-out on this node, 0 for the others; with --workers, "
    "how many of them are in it.",
    ("state",), only=_SLOT, across="sum",
)  # fmt: skip
ROLLOUT_WANTED = Metric(
    "yardlight_rollout_wanted_generation", "gauge",
    "Generation of the newest roll-out that this node took up.", only=_SLOT,
    across="max",
)  # fmt: skip
ROLLOUT_SERVING = Metric(
    "yardlight_rollout_serving_generation", "gauge",
    "Generation that is served for good; 0 for the bundle that the service was started with.",
    only=_SLOT, across="max",
)  # fmt: skip
ROLLOUT_FRAMES = Metric(
    "yardlight_rollout_shadow_frames", "counter",
    "Live frames that a candidate was shown, by how its answer compared.", ("result",), only=_SLOT,
)  # fmt: skip
ROLLOUT = (ROLLOUT_STATE, ROLLOUT_WANTED, ROLLOUT_SERVING, ROLLOUT_FRAMES)

_GPU = "where NVIDIA's driver and nvidia-ml-py (extra 'gpu') are"
GPU_UTILISATION = Metric(
    "yardlight_gpu_utilisation_ratio", "gauge",
    "Share of the last sample period in which a kernel ran, 0 to 1.", ("gpu",), only=_GPU,
    across="one",
)  # fmt: skip
GPU_MEMORY_USED = Metric(
    "yardlight_gpu_memory_used_bytes", "gauge", "Memory in use, by all processes.", ("gpu",),
    only=_GPU, across="one",
)  # fmt: skip
GPU_MEMORY_TOTAL = Metric(
    "yardlight_gpu_memory_total_bytes", "gauge", "Memory that the GPU has.", ("gpu",), only=_GPU,
    across="one",
)  # fmt: skip
GPU_TEMPERATURE = Metric(
    "yardlight_gpu_temperature_celsius", "gauge", "Temperature of the chip.", ("gpu",), only=_GPU,
    across="one",
)  # fmt: skip
GPU_THROTTLED = Metric(
    "yardlight_gpu_throttled", "gauge",
    "1 while clocks are held below what was asked for, by why.", ("gpu", "reason"), only=_GPU,
    across="one",
)  # fmt: skip
GPUS = (GPU_UTILISATION, GPU_MEMORY_USED, GPU_MEMORY_TOTAL, GPU_TEMPERATURE, GPU_THROTTLED)

CERTIFICATE_EXPIRY = Metric(
    "yardlight_client_certificate_expiry_timestamp_seconds", "gauge",
    "Unix time at which the certificate that is shown to Kafka expires; 0 where it is of no use.",
    only="with --ssl-certfile", across="one",
)  # fmt: skip

_AUDIT = "from yardlight-edge audit --every"
AUDIT_STATE = Metric(
    "yardlight_audit_state", "gauge", "1 for the verdict of the newest recount, 0 for the others.",
    ("state",), only=_AUDIT, across="one",
)  # fmt: skip
AUDIT_FRAMES = Metric(
    "yardlight_audit_frames", "gauge", "Frames that the newest recount found, by what they are.",
    ("finding",), only=_AUDIT, across="one",
)  # fmt: skip
AUDIT_TIME = Metric(
    "yardlight_audit_timestamp_seconds", "gauge",
    "Unix time of the newest recount, 0 before the first.", only=_AUDIT, across="one",
)  # fmt: skip
AUDIT = (AUDIT_STATE, AUDIT_FRAMES, AUDIT_TIME)

ALL = (*SERVICE, *CAMERAS, *WORKERS, *ROLLOUT, *GPUS, CERTIFICATE_EXPIRY, *AUDIT)
