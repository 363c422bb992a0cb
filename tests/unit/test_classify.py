"""From a batch of frames to one outcome for each, whatever some of them hold."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.bundle.errors import BadFrame, Fatal, Unavailable
from deploy.bundle.golden import draw_frames
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels, frame_to_pixels
from deploy.bundle.reference import Outputs, Scores
from edge.frame import Frame
from edge.freshness import Freshness
from edge.gate import Gate
from edge.hops import put_back
from edge.outcome import Classified, DeadLettered, Outcome, Skipped
from edge.pipeline.classify import Classifier
from tests.clock import Clock
from tests.frames import make_frame
from tests.models import LABELS, solid_jpeg

POISON = "background"
LIMITS = Limits(max_bytes=200_000, max_pixels=200_000)
JPEG = draw_frames()[0]


def by_colour(pixels: Pixels) -> Scores:
    """What the bundle of `tests.models` would say, near enough: red, green, blue, grey."""
    colours = pixels.mean(axis=(1, 2)) - pixels.mean(axis=(1, 2, 3))[:, None]
    likes = np.hstack([colours, np.full((len(pixels), 1), 20)])
    scores: Scores = (likes == likes.max(axis=1, keepdims=True)).astype(np.float32)
    return scores


@dataclass
class Engine:
    """A session that remembers the sizes of its runs and may `refuse` a batch."""

    refuse: Callable[[Scores], Scores] = lambda scores: scores
    runs: list[int] = field(default_factory=list)

    def run(self, pixels: Pixels) -> Scores:
        self.runs.append(len(pixels))
        return self.refuse(by_colour(pixels))

    def run_all(self, pixels: Pixels) -> Outputs:
        return Outputs(self.run(pixels), self.run(pixels))


def crash_on_poison(scores: Scores) -> Scores:
    if scores[:, LABELS.index(POISON)].any():
        raise RuntimeError("the kernel fell over")
    return scores


def nan_on_poison(scores: Scores) -> Scores:
    return np.where(scores[:, [LABELS.index(POISON)]] == 1, np.float32("nan"), scores)


def classifier(
    engine: Engine, clock: Callable[[], float] | None = None, top: int = 5
) -> Classifier:
    return Classifier(engine, InputSpec(32, 32), LABELS, LIMITS, top, clock or Clock(), Freshness())


def frames(*labels: str) -> list[Frame]:
    return [make_frame(offset, value=solid_jpeg(label)) for offset, label in enumerate(labels)]


def screened(engine: Engine, *, max_age: float = math.inf, gate: Gate | None = None) -> Classifier:
    """A classifier at work at 1000.0 monotonic seconds, that does not look at every frame."""
    return replace(classifier(engine), freshness=Freshness(max_age), gate=gate)


def classify(*batch: Frame) -> list[Outcome]:
    return classifier(Engine()).classify(batch)


def told(outcomes: list[Outcome]) -> list[str]:
    """Labels, and reasons where there are none."""
    return [
        outcome.label if isinstance(outcome, Classified) else outcome.reason for outcome in outcomes
    ]


# What is classified


def test_each_frame_gets_its_own_label_in_the_order_of_the_batch() -> None:
    batch = frames("parcel", "vehicle", "background", "pedestrian", "vehicle")
    engine = Engine()
    outcomes = classifier(engine).classify(batch)
    assert told(outcomes) == ["parcel", "vehicle", "background", "pedestrian", "vehicle"]
    assert [outcome.frame for outcome in outcomes] == batch
    assert engine.runs == [5]


def test_scores_are_the_highest_labels_first_and_no_more_than_asked_for() -> None:
    engine = Engine(lambda _: np.array([[0.1, 0.2, 0.6, 0.1]], np.float32))
    outcome = classifier(engine, top=3).classify(frames("parcel"))[0]
    assert isinstance(outcome, Classified)
    assert list(outcome.scores.items()) == [("parcel", 0.6), ("pedestrian", 0.2), ("vehicle", 0.1)]


def test_an_empty_batch_does_not_trouble_the_engine() -> None:
    engine = Engine()
    assert classifier(engine).classify([]) == []
    assert engine.runs == []


# What is not


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (make_frame(value=None), "null"),
        (make_frame(value=b""), "empty"),
        (make_frame(value=b"a letter, not a picture"), "not-an-image"),
        (make_frame(value=JPEG[: len(JPEG) // 2]), "truncated"),
        (make_frame(value=JPEG[:20]), "truncated"),
        (make_frame(value=b"\x89PNG\r\n\x1a\n" + bytes(60)), "undecodable"),
        (make_frame(value=bytes(200_001)), "too-many-bytes"),
        (make_frame(value=solid_jpeg("parcel", 500, 401)), "too-many-pixels"),
        (make_frame(value=None, corrupt="checksum 1, expected 2"), "corrupt-record"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_frame_is_dead_lettered_with_its_reason_and_affects_no_other(
    frame: Frame, reason: str
) -> None:
    first, last = frames("vehicle", "parcel")
    outcomes = classify(first, frame, last)
    assert told(outcomes) == ["vehicle", reason, "parcel"]
    assert isinstance(outcomes[1], DeadLettered)
    assert outcomes[1].frame is frame
    assert outcomes[1].error


def test_bad_frames_alone_never_reach_the_engine() -> None:
    engine = Engine()
    classifier(engine).classify([make_frame(value=b""), make_frame(value=None)])
    assert engine.runs == []


@given(st.data())
def test_whatever_became_of_the_bytes_of_a_picture_the_others_get_their_labels(
    data: st.DataObject,
) -> None:
    damaged = bytearray(solid_jpeg("parcel"))
    places = st.integers(0, len(damaged) - 1)
    for at, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
        damaged[at] = byte
    end = data.draw(st.integers(0, len(damaged)))
    first, last = frames("vehicle", "parcel")
    outcomes = classify(first, make_frame(value=bytes(damaged[:end])), last)
    assert [told(outcomes)[0], told(outcomes)[2]] == ["vehicle", "parcel"]


# An engine that cannot bear a frame


@pytest.mark.parametrize("break_on_poison", [crash_on_poison, nan_on_poison])
@pytest.mark.parametrize("at", range(8))
def test_the_frame_that_breaks_the_engine_is_found_and_the_others_are_classified(
    break_on_poison: Callable[[Scores], Scores], at: int
) -> None:
    labels = ["vehicle", "parcel", "pedestrian", "parcel", "vehicle", "parcel", "pedestrian"]
    batch = frames(*labels[:at], POISON, *labels[at:])
    engine = Engine(break_on_poison)
    outcomes = classifier(engine).classify(batch)
    assert told(outcomes) == [*labels[:at], "engine-failed", *labels[at:]]
    assert engine.runs.count(1) == 2
    assert len(engine.runs) == 7


def test_several_poisonous_frames_are_all_found() -> None:
    batch = frames("vehicle", POISON, POISON, "parcel", POISON)
    outcomes = classifier(Engine(crash_on_poison)).classify(batch)
    assert told(outcomes) == [
        "vehicle",
        "engine-failed",
        "engine-failed",
        "parcel",
        "engine-failed",
    ]


@pytest.mark.parametrize(
    ("break_on_poison", "why"),
    [(crash_on_poison, "RuntimeError: the kernel fell over"), (nan_on_poison, "not finite")],
)
def test_the_dead_letter_says_how_the_engine_failed(
    break_on_poison: Callable[[Scores], Scores], why: str
) -> None:
    outcome = classifier(Engine(break_on_poison)).classify(frames(POISON))[0]
    assert isinstance(outcome, DeadLettered)
    assert why in outcome.error


@pytest.mark.parametrize("kind", [Unavailable, Fatal])
def test_a_device_that_is_busy_or_gone_is_no_fault_of_a_frame(kind: type[Exception]) -> None:
    def refuse(_: Scores) -> Scores:
        raise kind("no memory")

    engine = Engine(refuse)
    with pytest.raises(kind, match="no memory"):
        classifier(engine).classify(frames("vehicle", "parcel"))
    assert engine.runs == [2]


def test_a_device_that_is_gone_while_a_frame_is_searched_for_is_no_fault_of_it() -> None:
    def fall_over_then_vanish(scores: Scores) -> Scores:
        if len(scores) == 1:
            raise Fatal("the device is gone")
        raise RuntimeError("the kernel fell over")

    with pytest.raises(Fatal, match="gone"):
        classifier(Engine(fall_over_then_vanish)).classify(frames("vehicle", "parcel"))


# Times


def test_the_stamps_of_a_classified_frame_follow_one_another() -> None:
    batch = frames("vehicle", "parcel", "pedestrian")
    classifier(Engine(), Clock(now=200.0, step=0.125)).classify(batch)
    for frame in batch:
        stamps = frame.stamps
        chain = [stamps.appended, stamps.polled, stamps.taken, stamps.decoded, stamps.started]
        assert sorted(chain) == chain
        assert stamps.started < stamps.inferred
        assert sum(stamps.stages().values()) == pytest.approx(stamps.inferred - stamps.appended)
        assert list(stamps.stages()) == ["transport", "queue", "decode", "batch", "inference"]


def test_the_frames_of_a_batch_share_one_run() -> None:
    batch = frames("vehicle", "parcel", "pedestrian")
    classifier(Engine(), Clock(now=200.0, step=0.125)).classify(batch)
    assert len({(frame.stamps.started, frame.stamps.inferred) for frame in batch}) == 1


def test_a_dead_letter_has_no_inference() -> None:
    frame = make_frame(value=b"")
    classifier(Engine(), Clock(now=200.0, step=0.125)).classify([frame, *frames("parcel")])
    assert list(frame.stamps.stages()) == ["transport", "queue", "decode"]


# What is not looked at


def test_a_frame_that_is_late_is_skipped_before_it_is_decoded() -> None:
    engine = Engine()
    late, in_time = make_frame(0, value=b"never decoded"), frames("parcel")[0]
    late.stamps.appended, in_time.stamps.appended = 990.0, 999.0
    outcomes = screened(engine, max_age=2.0).classify([late, in_time])
    assert told(outcomes) == ["expired", "parcel"]
    assert engine.runs == [1]


def test_a_frame_that_was_put_back_is_looked_at_though_it_shows_nothing_new() -> None:
    looking = screened(Engine(), gate=Gate(8.0))
    first, again, third = frames("parcel", "parcel", "parcel")
    back = replace(again, headers=tuple(put_back(again.headers, "a letter")))
    outcomes = [looking.classify([frame])[0] for frame in (first, back, third)]
    assert told(outcomes) == ["parcel", "parcel", "gated"]


def test_a_frame_that_shows_nothing_new_says_what_was_seen_last() -> None:
    engine = Engine()
    looking = screened(engine, gate=Gate(8.0))
    labels = ["parcel", "parcel", "vehicle", "vehicle", "parcel"]
    outcomes = [looking.classify([frame])[0] for frame in frames(*labels)]
    assert told(outcomes) == ["parcel", "gated", "vehicle", "gated", "parcel"]
    same = [found.same_as for found in outcomes if isinstance(found, Skipped)]
    assert [(seen.label, seen.offset) for seen in same if seen] == [("parcel", 0), ("vehicle", 2)]
    assert len(engine.runs) == 3


def test_frames_of_one_batch_are_all_looked_at_for_none_has_an_answer_yet() -> None:
    outcomes = screened(Engine(), gate=Gate(8.0)).classify(frames("parcel", "parcel"))
    assert told(outcomes) == ["parcel", "parcel"]


def test_a_frame_like_one_that_the_engine_failed_on_is_looked_at() -> None:
    looking = screened(Engine(crash_on_poison), gate=Gate(8.0))
    outcomes = [looking.classify([frame])[0] for frame in frames(POISON, POISON)]
    assert told(outcomes) == ["engine-failed", "engine-failed"]


def test_a_bad_frame_passes_the_gate_as_a_bad_frame() -> None:
    looking = screened(Engine(), gate=Gate(8.0))
    looking.classify(frames("parcel"))
    assert told(looking.classify([make_frame(7, value=b"no picture")])) == ["not-an-image"]


# Where somebody else decodes


def decoding(decoder: Callable[[bytes], Pixels], engine: Engine | None = None) -> Classifier:
    return replace(classifier(engine or Engine()), decoder=decoder)


def here(data: bytes) -> Pixels:
    return frame_to_pixels(data, InputSpec(32, 32), LIMITS)


def test_pictures_that_somebody_else_decodes_are_classified_alike() -> None:
    labels = ["vehicle", "parcel"]
    assert told(decoding(here).classify(frames(*labels))) == labels


def test_a_frame_that_kills_its_decoder_is_dead_lettered_and_affects_no_other() -> None:
    first, poison, last = frames("vehicle", "parcel", "parcel")

    def dying(data: bytes) -> Pixels:
        if data is poison.value:
            raise BadFrame("crashed", "decoding ended the process by SIGSEGV")
        return here(data)

    poison.value = (poison.value or b"") + b"padding"
    outcomes = decoding(dying).classify([first, poison, last])
    assert told(outcomes) == ["vehicle", "crashed", "parcel"]


def test_a_decoder_that_was_ended_from_outside_is_no_fault_of_a_frame() -> None:
    def ended(_: bytes) -> Pixels:
        raise Unavailable("by SIGKILL")

    with pytest.raises(Unavailable):
        decoding(ended).classify(frames("parcel"))


def test_a_frame_that_kills_the_engine_is_dead_lettered_with_that_reason() -> None:
    def dying(_: Scores) -> Scores:
        raise BadFrame("crashed", "running the engine ended the process by SIGSEGV")

    assert told(classifier(Engine(dying)).classify(frames("parcel"))) == ["crashed"]


def test_whatever_a_decoder_raises_is_the_fault_of_its_frame() -> None:
    def falling(_: bytes) -> Pixels:
        raise IndexError("nobody thought of this")

    (outcome,) = decoding(falling).classify(frames("parcel"))
    assert isinstance(outcome, DeadLettered)
    assert (outcome.reason, "IndexError" in outcome.error) == ("undecodable", True)


def test_who_is_short_of_memory_blames_no_frame() -> None:
    def greedy(_: bytes) -> Pixels:
        raise MemoryError

    with pytest.raises(MemoryError):
        decoding(greedy).classify(frames("parcel"))
