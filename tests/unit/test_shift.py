"""One engine's sessions are relieved by another's, and every frame is classified once."""

import numpy as np
import pytest

from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Outputs, Scores
from deploy.engines.protocol import CostCurve, Session
from edge.batching import Batcher
from edge.freshness import Freshness
from edge.observe.metrics import Metrics
from edge.outcome import Classified, Outcome
from edge.pipeline.classify import Classifier
from edge.pipeline.crew import Crew
from edge.pipeline.hands import Hands
from edge.pipeline.intake import Intake
from edge.pipeline.shift import Post, Shifts
from tests.clock import Clock
from tests.frames import make_frame
from tests.models import LABELS, solid_jpeg
from tests.waiting import PATIENCE, wait_until

FRAMES = 40


class Engine:
    """Answers the same to everything."""

    def run(self, pixels: Pixels) -> Scores:
        return np.full((len(pixels), len(LABELS)), 0.25, np.float32)

    def run_all(self, _: Pixels) -> Outputs:
        raise AssertionError("only the probabilities are needed")


def classifier(name: str) -> Classifier:
    session: Session = Engine()
    spec = InputSpec(32, 32)
    return Classifier(session, spec, LABELS, Limits(), 5, Clock(), Freshness(), engine=name)


class Work:
    """An intake with shifts that take from it."""

    def __init__(self) -> None:
        self.crew = Crew(Clock())
        self.done: list[Outcome] = []
        batcher = Batcher(CostCurve(((1, 0.001),)), 1, 10.0)
        self.intake = Intake(batcher, max_frames=1000, max_bytes=1 << 30, clock=Clock())
        self.shifts = Shifts(self.crew, Hands(Clock()), self.done.extend, Metrics())
        self.closed: list[str] = []

    def posts(self, name: str, sessions: int) -> list[Post]:
        return [self._post(f"{name}-{number}", name) for number in range(sessions)]

    def _post(self, name: str, engine: str) -> Post:
        return Post(name, self.intake.take, classifier(engine), lambda: self.closed.append(name))

    def send(self, first: int) -> None:
        frames = [
            make_frame(offset, value=solid_jpeg("parcel"))
            for offset in range(first, first + FRAMES)
        ]
        self.intake.put(frames)


@pytest.mark.parametrize("sessions", [1, 3])
def test_who_takes_over_takes_what_waits_and_nothing_is_lost_or_done_twice(sessions: int) -> None:
    work = Work()
    work.shifts.begin(work.posts("first", 2), lambda: None)
    work.send(0)
    wait_until(lambda: bool(work.done), "an outcome of the first shift")
    work.shifts.begin(work.posts("second", sessions), lambda: None)
    relieved = len(work.done)
    work.send(FRAMES)
    wait_until(lambda: len(work.done) == 2 * FRAMES, "all outcomes")
    work.crew.stop()
    assert work.crew.join(PATIENCE) == []
    assert sorted(it.frame.offset for it in work.done) == list(range(2 * FRAMES))
    made_by = [it.engine for it in work.done if isinstance(it, Classified)]
    assert made_by[0] == "first"
    assert set(made_by[relieved:]) == {"second"}


def test_the_sessions_before_are_at_rest_once_the_others_have_begun() -> None:
    work = Work()
    work.shifts.begin(work.posts("first", 2), lambda: None)
    work.shifts.begin(work.posts("second", 1), lambda: None)
    assert set(work.crew.silent_for()) == {"second-0"}
    assert sorted(work.closed) == ["first-0", "first-1"]
    work.crew.stop()
    assert work.crew.join(PATIENCE) == []
