"""The metrics of the service, in a registry of their own, and what each event means for them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
)

from edge.cloudevents import Origin, TimeFault
from edge.frame import Partition
from edge.observe import definitions as listed
from edge.observe.camera_metrics import CameraMetrics
from edge.observe.registered import counter, gauge, histogram, info
from edge.observe.rollout_metrics import RolloutMetrics
from edge.outcome import DeadLettered, Outcome, Skipped, outcome_name
from edge.traceparent import trace_id


@dataclass(slots=True)
class Metrics:
    """Labels are bounded: no frame, and no camera unless asked for."""

    cameras: int = 0
    """How many cameras get series of their own; 0 for none."""
    wall: Callable[[], float] = time.time
    rolls_out: bool = False
    """Whether the node takes part in roll-outs."""
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    frames: Counter = field(init=False)
    dead_letters: Counter = field(init=False)
    skipped: Counter = field(init=False)
    frame_latency: Histogram = field(init=False)
    latency_target: Gauge = field(init=False)
    newest_outcome: Gauge = field(init=False)
    batch_size: Histogram = field(init=False)
    engine_seconds: Histogram = field(init=False)
    decoded_on_cpu: Counter = field(init=False)
    lag: Gauge = field(init=False)
    partitions_assigned: Gauge = field(init=False)
    topic_partitions: Gauge = field(init=False)
    camera_clock_skew: Histogram = field(init=False)
    capture_time_faults: Counter = field(init=False)
    reconnects: Counter = field(init=False)
    transactions: Counter = field(init=False)
    suspects: Counter = field(init=False)
    build_info: Info = field(init=False)
    engine_info: Info = field(init=False)
    model_info: Info = field(init=False)
    engine_fallback: Gauge = field(init=False)
    each_camera: CameraMetrics | None = field(init=False)
    rollout: RolloutMetrics | None = field(init=False)

    def __post_init__(self) -> None:
        # When a series began: Prometheus 2 takes each for one more series, and nothing reads it.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        to = self.registry
        self.frames = counter(listed.FRAMES, to)
        self.dead_letters = counter(listed.DEAD_LETTERS, to)
        self.skipped = counter(listed.SKIPPED, to)
        self.frame_latency = histogram(listed.FRAME_LATENCY, to)
        self.latency_target = gauge(listed.LATENCY_TARGET, to)
        self.newest_outcome = gauge(listed.NEWEST_OUTCOME, to)
        self.batch_size = histogram(listed.BATCH_SIZE, to)
        self.engine_seconds = histogram(listed.ENGINE_SECONDS, to)
        self.decoded_on_cpu = counter(listed.DECODED_ON_CPU, to)
        self.lag = gauge(listed.LAG, to)
        self.partitions_assigned = gauge(listed.PARTITIONS_ASSIGNED, to)
        self.topic_partitions = gauge(listed.TOPIC_PARTITIONS, to)
        self.camera_clock_skew = histogram(listed.CAMERA_CLOCK_SKEW, to)
        self.capture_time_faults = counter(listed.CAPTURE_TIME_FAULTS, to)
        self.reconnects = counter(listed.RECONNECTS, to)
        self.transactions = counter(listed.TRANSACTIONS, to)
        self.suspects = counter(listed.SUSPECTS, to)
        self.build_info = info(listed.BUILD, to)
        self.engine_info = info(listed.ENGINE, to)
        self.model_info = info(listed.MODEL, to)
        self.engine_fallback = gauge(listed.ENGINE_FALLBACK, to)
        self.each_camera = CameraMetrics(self.cameras, to) if self.cameras else None
        self.rollout = RolloutMetrics(to) if self.rolls_out else None
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """A rate sees no step from nothing to one."""
        for outcome in ("classified", "skipped", "dead-lettered"):
            self.frames.labels(outcome)
        for client in ("consumer", "producer"):
            self.reconnects.labels(client)
        for fault in get_args(TimeFault):
            self.capture_time_faults.labels(fault)

    def note_outcome(self, outcome: Outcome) -> None:
        """A frame is done: count it and observe each of its stages."""
        now = self.wall()
        self.newest_outcome.set(now)
        if self.each_camera is not None:
            self.each_camera.note(outcome.frame.camera, now)
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
        trace = trace_id(outcome.frame.traceparent)
        exemplar = {"trace_id": trace} if trace else None
        self.frame_latency.labels("total").observe(sum(stages.values()), exemplar)

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
