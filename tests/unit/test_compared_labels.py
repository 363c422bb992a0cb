"""Two bundles compared, of which a frame may show several labels: all that they name counts."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from deploy.bundle.manifest import Activation, OutputSpec
from edge.audit.tally import Answer
from edge.called import NO_LABEL, called
from edge.frame import Range
from edge.kafka.reader import TopicReader
from edge.observe.rollout_metrics import RolloutMetrics
from edge.outcome import Classified, Outcome
from edge.pipeline.shift import Post
from edge.provision import Provision
from edge.record import Record
from edge.replay.comparison import Comparison as Replayed
from edge.replay.live import Said, read_live, said_of
from edge.rollout.figures import Comparison
from edge.rollout.seat import Seat
from edge.rollout.trial import Trial
from edge.rollout.verdict import Verdict
from edge.rollout.witness import Witnesses
from edge.rollout.words import Bounds, Figures, ShadowPlan
from edge.settings.topics import TopicSettings
from tests.unit.outcomes import (
    PARTITION,
    dead_lettered,
    inferred_frame,
    some_bundle,
    some_record,
    some_writer,
)
from tests.unit.rolling_out import desired

Scores = Mapping[str, float]
BOTH = {"vehicle": 0.9, "pedestrian": 0.8, "parcel": 0.1}
TURNED = {"pedestrian": 0.95, "vehicle": 0.6, "parcel": 0.4}
ONE = {"vehicle": 0.9, "pedestrian": 0.3, "parcel": 0.1}
NONE = {"vehicle": 0.3, "pedestrian": 0.2, "parcel": 0.1}


def outcome(scores: Scores, offset: int = 42) -> Classified:
    return Classified(inferred_frame(offset=offset), scores)


@pytest.mark.parametrize(
    ("scores", "activation", "name", "confidence"),
    [
        (BOTH, "softmax", "vehicle", 0.9),
        (BOTH, "sigmoid", "pedestrian, vehicle", 0.8),
        (TURNED, "sigmoid", "pedestrian, vehicle", 0.6),
        (ONE, "sigmoid", "vehicle", 0.7),
        (NONE, "sigmoid", NO_LABEL, 0.7),
        ({"vehicle": 0.5}, "sigmoid", "vehicle", 0.5),
    ],
)
def test_a_frame_is_called_by_all_labels_that_are_there_or_by_the_likeliest(
    scores: Scores, activation: Activation, name: str, confidence: float
) -> None:
    found = called(scores, activation)
    assert found.name == name
    assert found.confidence == pytest.approx(confidence)


@pytest.mark.parametrize(
    ("served", "tried", "live", "candidate", "agrees"),
    [
        ("sigmoid", "sigmoid", BOTH, ONE, False),
        ("sigmoid", "sigmoid", BOTH, TURNED, True),
        ("sigmoid", "sigmoid", NONE, ONE, False),
        ("softmax", "softmax", BOTH, ONE, True),
        ("softmax", "softmax", BOTH, TURNED, False),
        ("softmax", "sigmoid", {"vehicle": 0.4, "parcel": 0.3}, ONE, True),
    ],
)
def test_a_candidate_agrees_where_it_names_the_labels_that_are_served(
    served: Activation, tried: Activation, live: Scores, candidate: Scores, *, agrees: bool
) -> None:
    told = Comparison(served, tried)
    told.note([outcome(live)], [outcome(candidate)])
    assert told.figures().agreement == float(agrees)


class Candidate:
    """Says of each frame that one label is there."""

    def classify(self, frames: list[object]) -> list[Outcome]:
        return [outcome(ONE) for _ in frames]


def provision(activation: Activation) -> Provision:
    """As much of one as a trial looks at."""
    bundle = some_bundle()
    manifest = replace(bundle.manifest, outputs=OutputSpec(activation))
    made = SimpleNamespace(bundle=replace(bundle, manifest=manifest), record=some_record())
    return cast(Provision, made)


def tried(served: Activation, candidate: Activation) -> tuple[Verdict, Figures]:
    """A candidate in the shadow of what says that two labels are there."""
    witnesses = Witnesses()
    seat = cast(Seat, SimpleNamespace(at_work=provision(served)))
    trial = Trial(seat, witnesses, RolloutMetrics(CollectorRegistry()))

    def pace(_: float, __: Figures) -> None:
        witnesses([outcome(BOTH, offset) for offset in range(4)])

    post = cast(Post, SimpleNamespace(classifier=Candidate(), close=lambda: None))
    order = msgspec.structs.replace(
        desired(1), shadow=ShadowPlan(8, 1.0), bounds=Bounds(latency_ratio=1e9)
    )
    return trial.shadow(order, provision(candidate), post, pace)


def test_a_trial_asks_both_bundles_how_they_make_probabilities() -> None:
    verdict, figures = tried("sigmoid", "sigmoid")
    assert (verdict.passed, figures.agreement) == (False, 0.0)
    assert tried("softmax", "softmax")[0].passed
    assert tried("softmax", "sigmoid")[0].passed
    assert not tried("sigmoid", "softmax")[0].passed


class Topics:
    """What was published live: both labels of each frame."""

    def read_all(self, topic: str) -> Iterator[Record]:
        if topic == TopicSettings().results_topic:
            for offset in range(2):
                value = some_writer().write(outcome(BOTH, offset), 0.0)
                yield Record(PARTITION, offset, 0.0, None, value, ())


def replayed(activation: Activation) -> Replayed:
    """One frame whose answer turned round, and one of which a label is gone."""
    asked, reader = {PARTITION: Range(0, 2)}, cast(TopicReader, Topics())
    live = read_live(reader, TopicSettings(), "yard", asked, activation, lambda: False)
    compared = Replayed(live, most_examples=5)
    for offset, scores in enumerate((TURNED, ONE)):
        again = outcome(scores, offset)
        compared.note(again.frame, said_of(again, activation))
    return compared


def test_a_rerun_compares_all_labels_that_are_there() -> None:
    several = replayed("sigmoid")
    assert several.changes == {("pedestrian, vehicle", "vehicle"): 1}
    assert (several.alike, several.examples[0].offset) == (1, 1)
    assert several.examples[0].live.confidence == pytest.approx(0.8, abs=1e-3)


def test_a_rerun_compares_the_likeliest_where_labels_exclude_each_other() -> None:
    one = replayed("softmax")
    assert one.changes == {("vehicle", "pedestrian"): 1}
    assert one.alike == 1


def test_what_is_no_classification_stays_what_it_is() -> None:
    assert said_of(dead_lettered(), "sigmoid") == Said(Answer.DEAD_LETTERED, "truncated")
