"""What a dense layer learns from a few photos, on features drawn around one centre per label."""

import numpy as np

from trainer.few_shot import Lesson, learn, right_when_unseen
from trainer.logistic import Dense, logistic
from trainer.memory import Memory

CENTRES = np.random.default_rng(0).normal(size=(4, 24)).astype(np.float32) * 2


def seen(targets: list[int], seed: int, moved: float = 0.0) -> Memory:
    chance, found = np.random.default_rng(seed), np.array(targets)
    noise = chance.normal(size=(len(found), 24)).astype(np.float32)
    return Memory(CENTRES[found] + noise + np.float32(moved), found)


def lesson(photos: Memory, labels: int) -> Lesson:
    memory = seen([0, 1, 2] * 40, seed=1)
    start = logistic(memory.features, memory.targets, Dense.nothing(3, 24), 0.1)
    return Lesson(start, labels, memory, photos, photos.features)


def right(dense: Dense, pictures: Memory) -> float:
    return float((dense.logits(pictures.features).argmax(1) == pictures.targets).mean())


def test_a_new_label_is_learned_and_the_old_ones_are_kept() -> None:
    dense = learn(lesson(seen([3] * 10, seed=2), labels=4))
    assert right(dense, seen([3] * 200, seed=3)) > 0.85
    assert right(dense, seen([0, 1, 2] * 70, seed=4)) > 0.95


def test_known_labels_are_learned_at_a_new_place() -> None:
    task = lesson(seen([0, 1, 2] * 10, seed=2, moved=2.5), labels=3)
    there = seen([0, 1, 2] * 70, seed=3, moved=2.5)
    assert right(learn(task), there) >= right(task.start, there)
    assert right(learn(task), seen([0, 1, 2] * 70, seed=4)) > 0.95


def test_photos_are_counted_by_layers_that_have_not_learned_from_them() -> None:
    chance = np.random.default_rng(5)
    noise = chance.normal(size=(10, 24)).astype(np.float32) * 3
    scattered = Memory(noise, np.full(10, 3))
    task = lesson(scattered, labels=4)
    assert right_when_unseen(task) < 10
    assert right_when_unseen(lesson(seen([3] * 10, seed=2), labels=4)) >= 8
