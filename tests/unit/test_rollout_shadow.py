"""A candidate sees its share of live frames, and whoever serves never waits for it."""

import numpy as np
import pytest

from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Outputs, Scores
from edge.freshness import Freshness
from edge.outcome import Classified
from edge.pipeline.classify import Classifier
from edge.rollout.figures import Comparison
from edge.rollout.shadow import Shadow
from tests.clock import Clock
from tests.frames import make_frame
from tests.models import LABELS, solid_jpeg

PICTURE = solid_jpeg("parcel")


class Engine:
    """Says the first label of everything."""

    def run(self, pixels: Pixels) -> Scores:
        scores = np.zeros((len(pixels), len(LABELS)), np.float32)
        scores[:, 0] = 1
        return scores

    def run_all(self, _: Pixels) -> Outputs:
        raise AssertionError("only the probabilities are needed")


def shadow(share: float) -> Shadow:
    spec = InputSpec(32, 32)
    return Shadow(
        Classifier(Engine(), spec, LABELS, Limits(), 5, Clock(), Freshness()),
        share=share,
        comparison=Comparison(),
    )


def live(frames: int, label: str = LABELS[0]) -> list[Classified]:
    return [Classified(make_frame(offset, value=PICTURE), {label: 1.0}) for offset in range(frames)]


@pytest.mark.parametrize("size", [1, 3, 8])
def test_the_share_is_kept_to_whatever_the_batches(size: int) -> None:
    tried, taken = shadow(0.25), 0
    for _ in range(960 // size):
        tried.offer(live(size))
        taken += tried.compare(0)
    assert taken == pytest.approx(240, abs=size)
    assert tried.dropped == 0


def test_whoever_serves_does_not_wait_for_a_slow_candidate() -> None:
    tried = shadow(1.0)
    for _ in range(10):
        tried.offer(live(2))
    assert tried.dropped == 12
    assert sum(tried.compare(0) for _ in range(10)) == 8


def test_pictures_that_were_let_go_meanwhile_are_seen_all_the_same() -> None:
    tried, batch = shadow(1.0), live(1)
    tried.offer(batch)
    batch[0].frame.let_go()
    assert tried.compare(0) == 1
    assert tried.comparison.figures().agreement == 1.0


def test_a_frame_that_somebody_may_have_died_of_is_not_shown_to_a_candidate() -> None:
    tried, batch = shadow(1.0), live(1)
    batch[0].frame.suspect = True
    tried.offer(batch)
    assert tried.compare(0) == 0


def test_the_stamps_of_live_frames_are_left_alone() -> None:
    tried, batch = shadow(1.0), live(1)
    before = batch[0].frame.stamps.taken
    tried.offer(batch)
    tried.compare(0)
    assert batch[0].frame.stamps.taken == before
