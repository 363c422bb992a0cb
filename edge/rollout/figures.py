"""What is counted of a candidate, and its time for a batch beside that of another engine."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from threading import Lock

from deploy.bundle.manifest import Activation
from edge.called import called
from edge.outcome import ENGINE_FAILED, Classified, DeadLettered, Outcome
from edge.rollout.words import Figures

_KEPT_OF_EACH_SIZE = 64


@dataclass(frozen=True, slots=True)
class Batch:
    """What one run of an engine came to."""

    classified: int
    failed: int
    """Frames that the engine failed on."""
    seconds: float
    """To decode and infer those that were classified."""


def batch_of(outcomes: Sequence[Outcome]) -> Batch:
    """Frames that no engine saw count for nothing."""
    seen = [it.frame.stamps for it in outcomes if isinstance(it, Classified)]
    # Frames that were decoded together carry the same stamps, and took that time once.
    decoded = {(stamps.taken, stamps.decoded) for stamps in seen}
    decoding = sum(end - start for start, end in decoded)
    inferring = seen[0].inferred - seen[0].started if seen else 0.0
    return Batch(len(seen), sum(map(failed, outcomes)), decoding + inferring)


def failed(outcome: Outcome) -> bool:
    """Whether it is the engine that could not do it: every other reason is the frame's own."""
    return isinstance(outcome, DeadLettered) and outcome.reason == ENGINE_FAILED


@dataclass(slots=True)
class Costs:
    """The newest times for batches of each size: load changes which sizes there are, so only equal
    ones are compared.
    """

    _seconds: dict[int, deque[float]] = field(default_factory=dict)

    def note(self, batch: Batch) -> None:
        if batch.classified and not batch.failed:
            kept = self._seconds.setdefault(batch.classified, deque(maxlen=_KEPT_OF_EACH_SIZE))
            kept.append(batch.seconds)

    def medians(self) -> dict[int, tuple[float, int]]:
        """Median seconds for each size, and of how many runs."""
        return {size: (median(kept), len(kept)) for size, kept in self._seconds.items()}


def ratio(
    now: Mapping[int, tuple[float, int]], before: Mapping[int, tuple[float, int]]
) -> float | None:
    """How many times as long a batch takes now, each size counted as often as both had it; None
    where they had no size in common.
    """
    weighed = [
        (now[size][0] / max(before[size][0], 1e-9), min(now[size][1], before[size][1]))
        for size in now.keys() & before.keys()
    ]
    runs = sum(weight for _, weight in weighed)
    return sum(times * weight for times, weight in weighed) / runs if runs else None


@dataclass(slots=True)
class Comparison:
    """A candidate beside the engine that serves, on the same batches."""

    served: Activation = "softmax"
    """How the bundle that serves makes probabilities."""
    tried: Activation = "softmax"
    """How the candidate does."""
    frames: int = 0
    agreed: int = 0
    errors: int = 0
    _ratios: deque[float] = field(default_factory=lambda: deque(maxlen=4096))

    def note(self, live: Sequence[Outcome], shadow: Sequence[Outcome]) -> None:
        """The outcomes of both for the same frames, all of which the live engine classified."""
        for one, other in zip(live, shadow, strict=True):
            self.frames += 1
            if not isinstance(other, Classified):
                self.errors += 1
            elif isinstance(one, Classified) and self._agree(one, other):
                self.agreed += 1
        ours, theirs = batch_of(live), batch_of(shadow)
        if ours.classified == theirs.classified and ours.seconds > 0:
            self._ratios.append(theirs.seconds / ours.seconds)

    def _agree(self, one: Classified, other: Classified) -> bool:
        """Whether both name the same label; where labels do not exclude each other, all of them."""
        live, candidate = called(one.scores, self.served), called(other.scores, self.tried)
        return live.name == candidate.name

    def figures(self) -> Figures:
        return Figures(
            frames=self.frames,
            agreement=round(self.agreed / self.frames, 4) if self.frames else None,
            latency_ratio=round(median(self._ratios), 3) if self._ratios else None,
            errors=self.errors,
        )


@dataclass(slots=True)
class Work:
    """What an engine does live: noted by its inference threads, looked at by another."""

    frames: int = 0
    errors: int = 0
    _costs: Costs = field(default_factory=Costs)
    _lock: Lock = field(default_factory=Lock)

    def note(self, batch: Batch) -> None:
        with self._lock:
            self.frames += batch.classified + batch.failed
            self.errors += batch.failed
            self._costs.note(batch)

    def times(self) -> dict[int, tuple[float, int]]:
        """Median seconds for batches of each size, and of how many runs."""
        with self._lock:
            return self._costs.medians()

    def beside(self, before: "Work") -> Figures:
        """Compared with what another did before. Errors beyond the share that it had too count."""
        usual = before.errors / before.frames if before.frames else 0.0
        times = ratio(self.times(), before.times())
        return Figures(
            frames=self.frames,
            latency_ratio=None if times is None else round(times, 3),
            errors=max(0, self.errors - round(usual * self.frames)),
        )
