"""The loop of one session: take, classify, hand over; wait out a busy device."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

import numpy as np
import pytest

from deploy.bundle.errors import Fatal, Unavailable
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Outputs, Scores
from deploy.engines.protocol import CostCurve
from edge.batching import Batcher
from edge.frame import Frame
from edge.freshness import Freshness
from edge.observe.metrics import Metrics
from edge.outcome import Outcome
from edge.pipeline import infer
from edge.pipeline.classify import Classifier
from edge.pipeline.crew import Crew
from edge.pipeline.hands import Hands
from edge.pipeline.infer import InferStage
from edge.pipeline.intake import Intake
from tests.clock import Clock
from tests.frames import make_frame
from tests.models import LABELS, solid_jpeg

JPEG = solid_jpeg("parcel")


@dataclass
class Engine:
    """A session that meets `troubles` first, one at each run, and notes the sizes of its runs."""

    troubles: list[Exception] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)

    def run(self, pixels: Pixels) -> Scores:
        self.runs.append(len(pixels))
        if self.troubles:
            raise self.troubles.pop(0)
        return np.full((len(pixels), len(LABELS)), 0.25, np.float32)

    def run_all(self, pixels: Pixels) -> Outputs:
        return Outputs(self.run(pixels), self.run(pixels))


class PatientCrew(Crew):
    """A crew whose waits are over at once. Waits and signs of life are remembered."""

    def __init__(self) -> None:
        super().__init__(Clock())
        self.waits: list[float | None] = []
        self.beats: list[str] = []
        self.on_wait: Callable[[], None] = lambda: None

    def wait(self, seconds: float | None = None) -> bool:
        self.waits.append(seconds)
        self.on_wait()
        return self.stopping

    def beat(self, name: str) -> None:
        self.beats.append(name)


class Work:
    """An `InferStage` with what stands around it, and some frames to begin with."""

    def __init__(self, *troubles: Exception, frames: int, value: bytes | None = JPEG) -> None:
        self.crew = PatientCrew()
        self.engine = Engine(list(troubles))
        self.metrics = Metrics()
        self.hands = Hands(Clock())
        self.published: list[list[int]] = []
        self.held: list[bytes | None] = []
        batcher = Batcher(CostCurve(((1, 0.1), (4, 0.2))), 4, 10.0)
        self.intake = Intake(batcher, max_frames=100, max_bytes=1000, clock=Clock())
        now = Clock().now
        self.intake.put(make_frame(offset, value=value, polled=now) for offset in range(frames))
        self.left = frames
        self.relieved = Event()

    def run(self) -> None:
        """Until each frame has its outcome, in this thread."""
        classifier = Classifier(
            self.engine, InputSpec(32, 32), LABELS, Limits(), 5, Clock(step=0.25), Freshness()
        )
        work = (self.crew, self.intake.take, self.hands, classifier, self.publish, self.metrics)
        InferStage("infer-0", *work, relieved=self.relieved).run()

    def publish(self, outcomes: list[Outcome]) -> None:
        self.published.append([outcome.frame.offset for outcome in outcomes])
        self.held += [outcome.frame.value for outcome in outcomes]
        self.left -= len(outcomes)
        if self.left == 0:
            self.crew.stop()

    def metric(self, name: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"yardlight_{name}")


def test_outcomes_are_handed_over_batch_by_batch() -> None:
    work = Work(frames=6)
    work.run()
    assert work.published == [[0, 1, 2], [3, 4, 5]]


def test_batches_and_runs_are_measured() -> None:
    work = Work(frames=6)
    work.run()
    assert (work.metric("batch_size_count"), work.metric("batch_size_sum")) == (2, 6)
    assert (work.metric("engine_seconds_count"), work.metric("engine_seconds_sum")) == (
        2,
        0.5,
    )


def test_a_batch_without_a_run_is_no_run_of_the_engine() -> None:
    work = Work(frames=1, value=None)
    work.run()
    assert (work.metric("batch_size_count"), work.metric("engine_seconds_count")) == (1, 0)


def test_a_busy_device_is_waited_out_with_longer_and_longer_pauses() -> None:
    work = Work(*[Unavailable("no memory")] * 8, frames=3)
    work.run()
    assert work.published == [[0, 1, 2]]
    assert work.engine.runs == [3] * 9
    assert work.crew.waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_a_session_that_waits_for_its_device_still_gives_signs_of_life() -> None:
    work = Work(*[Unavailable("no memory")] * 2, frames=1)
    work.run()
    assert work.crew.beats == ["infer-0"] * 3


def test_a_service_that_stops_does_not_wait_for_a_busy_device() -> None:
    work = Work(*[Unavailable("no memory")] * 5, frames=3)
    work.crew.on_wait = work.crew.stop
    work.run()
    assert work.published == [[]]
    assert work.engine.runs == [3]


def test_a_device_that_is_gone_ends_the_session() -> None:
    work = Work(Fatal("the device is gone"), frames=1)
    with pytest.raises(Fatal, match="gone"):
        work.run()


def test_a_session_looks_for_the_end_though_no_frame_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infer, "_TAKE_SECONDS", 0)
    work = Work(frames=0)
    takes: list[float] = []
    take = work.intake.take

    def take_in_vain(seconds: float) -> list[Frame]:
        takes.append(seconds)
        if len(takes) == 3:
            work.crew.stop()
        return take(seconds)

    monkeypatch.setattr(work.intake, "take", take_in_vain)
    work.run()
    assert len(takes) == 3
    assert work.published == []


@pytest.mark.parametrize(("value", "held"), [(JPEG, None), (b"no picture", b"no picture")])
def test_only_a_dead_letter_holds_its_picture_once_it_is_decided(
    value: bytes, held: bytes | None
) -> None:
    work = Work(frames=1, value=value)
    work.run()
    assert work.held == [held]
