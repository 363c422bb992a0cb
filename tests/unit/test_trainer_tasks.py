"""Labels that do not exclude each other: what is counted, learned and calibrated of each."""

import numpy as np
import pytest

from trainer.calibration import slope_and_offsets
from trainer.logistic import Dense, logistic_of_each, sigmoid
from trainer.presence import Presence
from trainer.tasks.known import task_of
from trainer.tasks.many_labels import ManyLabels

SHOWN = np.array([[1, 0], [1, 1], [0, 0], [0, 1]], np.bool_)
SAID = np.array([[0.9, 0.1], [0.4, 0.8], [0.6, 0.2], [0.1, 0.3]], np.float32)


def presence() -> Presence:
    return Presence(("cat", "dog"), SHOWN, SAID)


def test_each_label_is_judged_for_itself() -> None:
    cat, dog = presence().by_label
    assert (cat.pictures, cat.precision, cat.recall, cat.f1) == (2, 0.5, 0.5, 0.5)
    assert (dog.pictures, dog.precision, dog.recall) == (2, 1.0, 0.5)
    assert dog.f1 == pytest.approx(2 / 3)


def test_a_picture_is_right_where_every_label_is() -> None:
    assert (presence().exact, presence().accuracy) == (1, 0.25)
    assert presence().confusion is None


def test_average_precision_is_that_of_the_ranking() -> None:
    cat, dog = presence().by_label
    assert cat.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert dog.average_precision == pytest.approx(1)
    assert presence().mean_average_precision == pytest.approx((5 / 6 + 1) / 2)


def test_equal_answers_have_no_order() -> None:
    shown = np.array([[1], [0], [0], [1]], np.bool_)
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 2, 0, 3]):
        same = Presence(("cat",), shown[order], np.full((4, 1), 0.5, np.float32))
        assert same.by_label[0].average_precision == pytest.approx(0.5)


def test_the_best_threshold_parts_the_answers_where_f1_is_highest() -> None:
    _, dog = presence().by_label
    assert dog.best_f1 == pytest.approx(1)
    assert dog.best_threshold == pytest.approx(0.25)


def test_a_label_that_no_picture_shows_scores_nothing_and_counts_for_nothing() -> None:
    without = Presence(("cat", "owl"), SHOWN & [True, False], SAID)
    owl = without.by_label[1]
    assert (owl.recall, owl.f1, owl.average_precision, owl.best_f1) == (0, 0, 0, 0)
    assert without.mean_average_precision == without.by_label[0].average_precision


def test_means_over_labels_that_no_picture_shows_are_not_given_instead_of_zero() -> None:
    nothing = Presence(("cat", "owl"), np.zeros_like(SHOWN), np.zeros_like(SAID))
    assert (nothing.mean_average_precision, nothing.mean_f1) == (None, None)
    assert [figure.name for figure in nothing.figures] == ["exact match"]
    assert nothing.accuracy == 1
    assert nothing.document()["mean_f1"] is None


def test_a_mistake_is_a_label_of_a_picture() -> None:
    found = np.argwhere(ManyLabels().mistakes(SAID, SHOWN))
    assert found.tolist() == [[1, 0], [2, 0], [3, 1]]


def test_confidence_is_of_each_answer_also_where_it_is_no() -> None:
    shown = np.zeros((100, 1), np.bool_)
    shown[:20] = True
    found = ManyLabels().reliability(np.full((100, 1), 0.2, np.float32), shown)
    assert found.error == pytest.approx(0, abs=1e-6)
    assert sum(one.answers for one in found.bins) == 100


@pytest.mark.parametrize("rare", [3, 60])
def test_the_probe_separates_what_the_features_separate_however_few_show_it(rare: int) -> None:
    chance = np.random.default_rng(1)
    shown = np.zeros((120, 2), np.bool_)
    shown[:rare, 0], shown[::2, 1] = True, True
    features = chance.normal(0, 0.5, size=(120, 6)).astype(np.float32)
    features[:, :2] += 4 * shown
    dense = logistic_of_each(features, shown, Dense.nothing(2, 6), 1e-3)
    assert ((dense.logits(features) > 0) == shown).all()


def test_labels_are_learned_without_knowing_of_each_other() -> None:
    chance = np.random.default_rng(2)
    features = chance.normal(size=(80, 4)).astype(np.float32)
    shown = features[:, :3] > 0.3
    every = logistic_of_each(features, shown, Dense.nothing(3, 4), 0.05)
    alone = logistic_of_each(features, shown[:, 1:2], Dense.nothing(1, 4), 0.05)
    np.testing.assert_allclose(every.weight[1:2], alone.weight, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("size", [0.014, 1.0, 9.0])
def test_the_calibration_finds_slope_and_offset_of_each_label(size: float) -> None:
    """Whatever the size of logits, and also where labels were balanced that are not frequent."""
    chance = np.random.default_rng(3)
    logits = chance.normal(0, 2, size=(6000, 2))
    offsets = np.array([-2.0, 0.5])
    shown = chance.random((6000, 2)) < sigmoid(logits + offsets)
    found = slope_and_offsets((logits * size).astype(np.float32), shown)
    assert found.temperature == pytest.approx(size, rel=0.1)
    np.testing.assert_allclose(found.offsets, offsets, atol=0.15)


def test_labels_that_are_all_told_apart_do_not_become_sure_without_limit() -> None:
    shown = np.array([[1], [1], [0], [0]], np.bool_)
    logits = np.where(shown, 1, -1).astype(np.float32)
    found = slope_and_offsets(logits, shown)
    said = sigmoid(logits / found.temperature + np.array(found.offsets))
    np.testing.assert_allclose(said, np.where(shown, 0.75, 0.25), atol=1e-3)


@pytest.mark.parametrize("always", [0.0, -1.0])
def test_logits_that_say_nothing_become_how_often_a_label_is_there(always: float) -> None:
    shown, worthless = np.arange(40)[:, None] < 10, np.full((40, 1), always, np.float32)
    found = slope_and_offsets(worthless, shown)
    said = sigmoid(worthless / found.temperature + np.array(found.offsets))
    np.testing.assert_allclose(said, 0.26, atol=0.02)


def test_each_task_makes_probabilities_as_its_bundles_do() -> None:
    logits = np.array([[1.0, 1.0], [-3.0, 2.0]], np.float32)
    np.testing.assert_allclose(task_of("softmax").link(logits).sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(
        task_of("sigmoid").link(logits), 1 / (1 + np.exp(-logits)), rtol=1e-5
    )
