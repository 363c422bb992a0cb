"""Frames that go to an engine that decodes: one outcome for each, whatever some of them hold."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from deploy.bundle.errors import BadFrame, Fatal, Unavailable
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import frame_to_pixels
from deploy.bundle.reference import Scores
from deploy.engines.protocol import Answers, DecodingSession
from edge.frame import Frame
from edge.freshness import Freshness
from edge.outcome import Classified, DeadLettered, Outcome
from edge.pipeline.encoded import EncodedClassifier
from tests.clock import Clock
from tests.frames import make_frame
from tests.models import LABELS, solid_jpeg
from tests.unit.test_classify import by_colour, told

SPEC = InputSpec(32, 32)
POISON = solid_jpeg("background", 20, 20)


@dataclass
class Device:
    """Decodes and classifies; falls over where it meets the `POISON`."""

    error: Callable[[], Exception] = lambda: RuntimeError("the kernel fell over")
    runs: list[int] = field(default_factory=list)

    def run_encoded(self, frames: Sequence[bytes | memoryview], limits: Limits) -> Answers:
        self.runs.append(len(frames))
        if POISON in frames:
            raise self.error()
        rows = [self._row(frame, limits) for frame in frames]
        return Answers(rows, 0.2, 0.5, decoded_on_cpu=1)

    def _row(self, frame: bytes | memoryview, limits: Limits) -> Scores | BadFrame:
        try:
            scores: Scores = by_colour(frame_to_pixels(frame, SPEC, limits)[None])[0]
        except BadFrame as error:
            return error
        return scores


def classify(
    frames: Sequence[Frame],
    device: Device | None = None,
    *,
    count: Callable[[int], None] = lambda _: None,
    max_age: float = math.inf,
) -> list[Outcome]:
    classifier = EncodedClassifier(
        device or Device(),
        LABELS,
        Limits(),
        5,
        Clock(step=1.0),
        Freshness(max_age),
        "engine-1",
        count,
    )
    return classifier.classify(frames)


def frames(*values: bytes | None) -> list[Frame]:
    return [make_frame(offset, value=value) for offset, value in enumerate(values)]


def test_a_device_that_decodes_is_known_by_what_it_can_do() -> None:
    assert isinstance(Device(), DecodingSession)


def test_each_frame_gets_its_own_label_and_the_engines_digest() -> None:
    outcomes = classify(frames(*map(solid_jpeg, ("parcel", "vehicle", "pedestrian"))))
    assert told(outcomes) == ["parcel", "vehicle", "pedestrian"]
    assert {it.engine for it in outcomes if isinstance(it, Classified)} == {"engine-1"}


def test_bad_frames_have_their_reason_and_affect_no_other() -> None:
    batch = frames(
        solid_jpeg("vehicle"), None, b"", solid_jpeg("parcel")[:99], solid_jpeg("parcel")
    )
    assert told(classify(batch)) == ["vehicle", "null", "empty", "truncated", "parcel"]


def test_late_frames_never_reach_the_device() -> None:
    device = Device()
    outcomes = classify(frames(solid_jpeg("vehicle")), device, max_age=0.001)
    assert (told(outcomes), device.runs) == (["expired"], [])


@pytest.mark.parametrize("at", range(5))
def test_the_frame_that_breaks_the_device_is_found(at: int) -> None:
    batch = [solid_jpeg("vehicle")] * 5
    batch[at] = POISON
    outcomes = classify(frames(*batch))
    assert [reason == "engine-failed" for reason in told(outcomes)] == [at == it for it in range(5)]
    letter = outcomes[at]
    assert isinstance(letter, DeadLettered)
    assert letter.error.endswith("RuntimeError: the kernel fell over")


@pytest.mark.parametrize("error", [Unavailable("busy"), Fatal("Xid 79")])
def test_a_device_that_is_busy_or_gone_is_no_frames_fault(error: Exception) -> None:
    device = Device(lambda: error)
    with pytest.raises(type(error)):
        classify(frames(solid_jpeg("vehicle"), POISON), device)
    assert device.runs == [2]


def test_frames_that_the_cpu_decoded_are_counted() -> None:
    counted: list[int] = []
    classify(frames(solid_jpeg("vehicle"), POISON), count=counted.append)
    assert counted == [1]


def test_the_stages_of_a_frame_follow_the_devices_clock_and_sum_to_the_total() -> None:
    batch = frames(solid_jpeg("vehicle"), None)
    classify(batch)
    stamps = batch[0].stamps
    assert stamps.inferred - stamps.started == pytest.approx(0.5)
    assert stamps.taken <= stamps.decoded == stamps.started
    stages = stamps.stages()
    assert sum(stages.values()) == pytest.approx(stamps.inferred - stamps.appended)
    assert np.isfinite(list(stages.values())).all()
    assert not batch[1].stamps.inferred
