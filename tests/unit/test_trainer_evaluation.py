from pathlib import Path

import numpy as np
import pytest

from deploy.bundle.manifest import open_bundle
from deploy.bundle.proportion import wilson
from deploy.bundle.reference import open_reference
from trainer.calibration import Calibration
from trainer.evaluation import Evaluation
from trainer.latency import measure_latency
from trainer.logistic import softmax
from trainer.marks import Confusion
from trainer.reliability import Reliability
from trainer.tasks.one_label import OneLabel
from trainer.tasks.task import Flags


def one_of(*targets: int) -> Flags:
    """bool [N, 2] of N indices."""
    return np.eye(2, dtype=np.bool_)[list(targets)]


def test_answers_that_are_as_sure_as_they_are_right_have_no_calibration_error() -> None:
    probabilities = np.tile(np.array([0.75, 0.25], np.float32), (400, 1))
    found = OneLabel().reliability(probabilities, one_of(0, 0, 0, 1)[[0, 1, 2, 3] * 100])
    assert found.error == pytest.approx(0, abs=1e-6)
    assert [bin_.answers for bin_ in found.bins if bin_.answers] == [400]


def test_the_calibration_error_is_how_far_sureness_is_from_rightness() -> None:
    probabilities = np.tile(np.array([0.9, 0.1], np.float32), (10, 1))
    shown = one_of(*[0, 1] * 5)
    assert OneLabel().reliability(probabilities, shown).error == pytest.approx(0.4)


def test_full_certainty_falls_into_the_last_bin() -> None:
    found = Reliability.of(np.array([1], np.float32), np.array([True]))
    assert found.bins[-1].answers == 1


def test_a_temperature_is_undone_to_say_what_it_bought() -> None:
    logits = np.array([[3, 0], [3, 0], [0, 3]], np.float32)
    shown, task = one_of(0, 1, 1), OneLabel()
    judged = Evaluation.of(task, ("a", "b"), shown, softmax(logits), logits, Calibration(2.0))
    assert judged.before is not None
    surer = softmax(logits * 2)
    assert judged.before == task.reliability(surer, shown)
    assert judged.before.error > judged.reliability.error


def test_labels_count_the_same_in_balanced_accuracy_and_those_without_pictures_not_at_all() -> None:
    confusion = Confusion.of(("a", "b", "c"), np.array([0] * 9 + [1]), np.zeros(10, int))
    assert confusion.accuracy == 0.9
    assert confusion.balanced_accuracy == 0.5


@pytest.mark.parametrize(
    ("right", "pictures", "low", "high"),
    [(8, 10, 0.490, 0.943), (0, 10, 0.0, 0.278), (268, 268, 0.986, 1.0), (0, 0, 0, 1)],
)
def test_the_interval_of_a_share_is_wilsons(
    right: int, pictures: int, low: float, high: float
) -> None:
    assert wilson(right, pictures) == pytest.approx((low, high), abs=1e-3)


def test_latency_is_of_one_picture_and_says_with_how_many_threads(tiny_bundle: Path) -> None:
    bundle = open_bundle(tiny_bundle)
    found = measure_latency(open_reference(bundle.model, threads=1), bundle.manifest.input, 1)
    assert 0 < found.median <= found.p95
    assert (found.runs, found.threads) == (50, 1)
