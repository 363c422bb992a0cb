"""What a frame may cost and how much is held in memory."""

from dataclasses import dataclass

from cyclopts import Parameter

from deploy.bundle import typed
from deploy.bundle.limits import Limits


@Parameter(name="*", group="Limits")
@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """What a frame may cost and how much is held in memory."""

    max_frame_bytes: typed.Positive = Limits().max_bytes
    """Largest encoded frame in bytes; a larger one is dead-lettered."""

    max_frame_pixels: typed.Positive = Limits().max_pixels
    """Largest picture in pixels; a larger one is dead-lettered before it is decoded."""

    queue_frames: typed.Positive = 128
    """Most frames that wait for the engine; beyond it partitions are paused."""

    queue_bytes: typed.Positive = 64 << 20
    """Most bytes that wait for the engine; beyond it partitions are paused."""

    latency_budget: typed.Seconds = 0.25
    """Seconds from polled to classified that a batch should not exceed; bounds its size."""

    drain_seconds: typed.Seconds = 5.0
    """Seconds for frames in flight to finish when the service stops."""

    top: typed.Positive = 5
    """How many labels with their probabilities a classification lists."""
