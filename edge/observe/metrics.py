"""Every metric of the service, once: name, help, labels, buckets."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from edge.cloudevents import Origin
from edge.frame import Partition
from edge.outcome import DeadLettered, Outcome, Skipped, outcome_name

_LATENCY_BUCKETS = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0
)  # fmt: skip
_BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_SKEW_BUCKETS = (-60.0, -5.0, -1.0, -0.1, 0.1, 1.0, 5.0, 60.0)


@dataclass(slots=True)
class Metrics:
    """The service's metrics in a registry of their own. Labels are bounded: no camera, no frame."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    frames: Counter = field(init=False)
    dead_letters: Counter = field(init=False)
    skipped: Counter = field(init=False)
    frame_latency: Histogram = field(init=False)
    batch_size: Histogram = field(init=False)
    engine_seconds: Histogram = field(init=False)
    lag: Gauge = field(init=False)
    partitions_assigned: Gauge = field(init=False)
    camera_clock_skew: Histogram = field(init=False)
    capture_time_faults: Counter = field(init=False)
    reconnects: Counter = field(init=False)
    build_info: Info = field(init=False)
    engine_info: Info = field(init=False)
    model_info: Info = field(init=False)

    def __post_init__(self) -> None:
        to = self.registry
        self.frames = Counter(
            "yardlight_frames", "Frames by outcome, counted when acknowledged.", ["outcome"],
            registry=to,
        )  # fmt: skip
        self.dead_letters = Counter(
            "yardlight_dead_letters", "Dead-lettered frames by reason.", ["reason"], registry=to
        )
        self.skipped = Counter(
            "yardlight_skipped", "Frames not classified on purpose, by reason.", ["reason"],
            registry=to,
        )  # fmt: skip
        self.frame_latency = Histogram(
            "yardlight_frame_latency_seconds", "Time of a frame in each stage, and in total.",
            ["stage"], buckets=_LATENCY_BUCKETS, registry=to,
        )  # fmt: skip
        self.batch_size = Histogram(
            "yardlight_batch_size", "Frames in one run.", buckets=_BATCH_BUCKETS, registry=to
        )
        self.engine_seconds = Histogram(
            "yardlight_engine_seconds", "Time of one run of the engine.",
            buckets=_LATENCY_BUCKETS, registry=to,
        )  # fmt: skip
        self.lag = Gauge(
            "yardlight_consumer_lag_frames", "Frames appended and not yet polled.",
            ["topic", "partition"], registry=to,
        )  # fmt: skip
        self.partitions_assigned = Gauge(
            "yardlight_partitions_assigned", "Partitions that this member owns.", registry=to
        )
        self.camera_clock_skew = Histogram(
            "yardlight_camera_clock_skew_seconds",
            "Record timestamp minus the capture time that the camera claims.",
            buckets=_SKEW_BUCKETS, registry=to,
        )  # fmt: skip
        self.capture_time_faults = Counter(
            "yardlight_capture_time_faults", "Capture times not believed, by why.", ["fault"],
            registry=to,
        )  # fmt: skip
        self.reconnects = Counter(
            "yardlight_reconnects", "Failures that made a Kafka client start over.", ["client"],
            registry=to,
        )  # fmt: skip
        self.build_info = Info("yardlight_build", "Version of Yardlight.", registry=to)
        self.engine_info = Info("yardlight_engine", "The engine that runs.", registry=to)
        self.model_info = Info("yardlight_model", "The bundle that runs.", registry=to)
        for outcome in ("classified", "skipped", "dead-lettered"):
            self.frames.labels(outcome)

    def note_outcome(self, outcome: Outcome) -> None:
        """A frame is done: count it and observe each of its stages."""
        if isinstance(outcome, Skipped):
            self.frames.labels("skipped").inc(len(outcome.offsets))
            self.skipped.labels(outcome.reason).inc(len(outcome.offsets))
            return
        self.frames.labels(outcome_name(outcome)).inc()
        if isinstance(outcome, DeadLettered):
            self.dead_letters.labels(outcome.reason).inc()
            return
        stages = outcome.frame.stamps.stages()
        for stage, seconds in stages.items():
            self.frame_latency.labels(stage).observe(seconds)
        self.frame_latency.labels("total").observe(sum(stages.values()))

    def note_origin(self, origin: Origin) -> None:
        if origin.skew is not None:
            self.camera_clock_skew.observe(origin.skew)
        if origin.fault is not None:
            self.capture_time_faults.labels(origin.fault).inc()

    def note_lag(self, partition: Partition, lag: int) -> None:
        self.lag.labels(partition.topic, str(partition.number)).set(lag)

    def forget_lag(self, partition: Partition) -> None:
        if (partition.topic, str(partition.number)) in self.lag._metrics:  # noqa: SLF001
            self.lag.remove(partition.topic, str(partition.number))
