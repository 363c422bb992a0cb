"""What the demo saw: outcomes against the truth, latency by stage, throughput."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from edge.cloudevents import parse_time
from edge.wire import Classification

STAGES = ("transport", "queue", "decode", "batch", "inference", "publish")
TOTAL = "captured to seen"
_PERCENTILES = (50, 95, 99)


@dataclass(slots=True)
class Statistics:
    """Fed by two threads: the cameras say what they sent, the viewer what came back."""

    truth: dict[str, str] = field(default_factory=dict)
    """Frame id → what the simulator drew, of frames not classified yet."""
    sent: int = 0
    right: int = 0
    wrong: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(truth, label) of wrong classifications."""
    seconds: dict[str, list[float]] = field(default_factory=dict)
    first: float = math.inf
    last: float = -math.inf
    _lock: Lock = field(default_factory=Lock)

    def note_sent(self, frame_id: str, truth: str | None) -> None:
        with self._lock:
            self.sent += 1
            if truth is not None:
                self.truth[frame_id] = truth

    def note_seen(self, seen: Classification, now: float) -> None:
        """A classification arrived at the viewer at `now`, Unix seconds."""
        with self._lock:
            truth = self.truth.pop(seen.frame.id, None)
        if truth is None:
            return
        if truth == seen.label:
            self.right += 1
        else:
            self.wrong[truth, seen.label] += 1
        stages = {**seen.latency, TOTAL: now - parse_time(seen.frame.captured_at)}
        for stage, seconds in stages.items():
            self.seconds.setdefault(stage, []).append(seconds)
        self.first, self.last = min(self.first, now), max(self.last, now)

    @property
    def seen(self) -> int:
        return self.right + sum(self.wrong.values())

    @property
    def accuracy(self) -> float:
        """Fraction of the seen frames with the right label; NaN before the first one."""
        return self.right / self.seen if self.seen else math.nan

    @property
    def throughput(self) -> float:
        """Classified frames a second, from the first to the last one seen."""
        elapsed = self.last - self.first
        return (self.seen - 1) / elapsed if self.seen > 1 and elapsed > 0 else 0.0

    def percentiles(self) -> dict[str, tuple[float, ...]]:
        """p50, p95 and p99 in seconds of each stage and from capture to the subscriber."""
        rows = {}
        for stage in (*STAGES, TOTAL):
            if values := sorted(self.seconds.get(stage, ())):
                rows[stage] = tuple(_percentile(values, share) for share in _PERCENTILES)
        return rows


def _percentile(ordered: Sequence[float], share: int) -> float:
    """Nearest-rank percentile of ascending values."""
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]
