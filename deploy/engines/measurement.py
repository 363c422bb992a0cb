"""What runs of an engine took by batch size, and how that was measured: for `engine.json`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

_LATE = 99


@dataclass(frozen=True, slots=True)
class Stages:
    """Where the seconds of one run went, as the GPU's own events tell."""

    copy_in: float
    compute: float
    copy_out: float


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a batch, from the call to its answer."""

    seconds: float
    stages: Stages | None = None
    """None where the frames need not be copied to a device: all of it is computation."""


@dataclass(frozen=True, slots=True)
class Point:
    """What runs of one batch size took, in seconds."""

    batch: int
    runs: int
    median: float
    p99: float
    """The slowest run, where there were fewer than a hundred."""
    stages: Stages | None = None
    """The median of each."""

    @property
    def frames_a_second(self) -> float:
        return self.batch / self.median


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that loading an engine and running every batch size added to a process."""

    host: int | None
    """Resident; None where the system does not tell."""
    device: int | None = None
    """On the GPU; None where there is none."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What `yardlight-deploy bench` found of an engine."""

    points: tuple[Point, ...]
    """Ascending in batch size."""
    load_seconds: float
    """From its files to a session."""
    warm_up_seconds: float
    """The first run of every batch size, none of which is among the points."""
    memory: Memory
    conditions: Mapping[str, str] = field(default_factory=dict)
    """What the machine was like, such as its clock before and after."""


def point_of(batch: int, runs: Sequence[Run]) -> Point:
    """Sum up the runs of one batch size, of which there is at least one."""
    taken = sorted(run.seconds for run in runs)
    place = -(-len(taken) * _LATE // 100) - 1
    return Point(batch, len(taken), median(taken), taken[place], _median_stages(runs))


def total(parts: Sequence[Stages | None]) -> Stages | None:
    """Of runs one after the other; None where it is not known of each."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return _each(sum, known)


def parse_measurement(document: Mapping[str, Any]) -> Measurement:
    """Read a measurement from JSON.

    Raises:
        TypeError, KeyError, AttributeError: a field is missing, unknown or of another type.
    """
    points = tuple(_point(point) for point in document["points"])
    conditions = {str(name): str(value) for name, value in document["conditions"].items()}
    memory = Memory(**document["memory"])
    return Measurement(**{**document, "points": points, "memory": memory, "conditions": conditions})


def _median_stages(runs: Sequence[Run]) -> Stages | None:
    known = [run.stages for run in runs if run.stages is not None]
    return _each(median, known) if known else None


def _each(summed_up: Callable[[Iterable[float]], float], known: Sequence[Stages]) -> Stages:
    return Stages(
        summed_up(stages.copy_in for stages in known),
        summed_up(stages.compute for stages in known),
        summed_up(stages.copy_out for stages in known),
    )


def _point(document: Mapping[str, Any]) -> Point:
    stages = document["stages"]
    return Point(**{**document, "stages": None if stages is None else Stages(**stages)})
