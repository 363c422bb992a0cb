"""What a teacher is asked, what its answers count, and who may teach whom."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch
from torch.nn import functional

from deploy.bundle.manifest import Bundle
from deploy.bundle.reference import open_reference
from deploy.importing.importer import import_model
from tests.models import COLOURS, LABELS, SPEC, make_tiny_bundle, solid_pixels, write_network
from trainer.errors import WrongTeacher
from trainer.logistic import Advice, Dense, logistic, softmax
from trainer.settings import FitSettings
from trainer.teacher import Teacher, open_teacher

TURNED = tuple(reversed(LABELS))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_tiny_bundle(tmp_path_factory.mktemp("teacher") / "colours")


def settings(teacher: Path) -> FitSettings:
    return FitSettings(data=Path("data"), out=Path("out"), teacher=teacher)


def opened(bundle: Bundle, labels: tuple[str, ...] = LABELS) -> Teacher:
    teacher = open_teacher(settings(bundle.folder), labels, threads=1)
    assert teacher is not None
    return teacher


def colours(size: int = 32) -> torch.Tensor:
    return torch.from_numpy(np.stack([solid_pixels(label, size, size) for label in LABELS]))


def test_its_answers_come_in_the_order_of_the_pupils_labels(bundle: Bundle) -> None:
    said = opened(bundle, TURNED).logits(colours())
    assert [TURNED[index] for index in said.argmax(1)] == list(LABELS)
    wanted = open_reference(bundle.model).run(colours().numpy()).logits
    np.testing.assert_array_equal(said.numpy(), wanted[:, ::-1])


@pytest.mark.parametrize("size", [20, 64])
def test_it_sees_what_the_pupil_sees_at_a_size_of_its_own(bundle: Bundle, size: int) -> None:
    teacher = opened(bundle)
    torch.testing.assert_close(teacher.logits(colours(size)), teacher.logits(colours()))
    assert teacher.right([(colours(size), torch.eye(4))]) == len(COLOURS)


def test_a_pupil_that_answers_as_its_teacher_has_only_the_labels_to_learn(bundle: Bundle) -> None:
    teacher, of_labels = opened(bundle), torch.tensor(3.0)
    loss = teacher.taught(of_labels, teacher.logits(colours()), colours())
    assert loss.item() == pytest.approx((1 - teacher.share) * 3, rel=1e-5)


def test_what_softening_takes_from_the_gradient_is_given_back(bundle: Bundle) -> None:
    """Far above the size of all logits, the gradient no longer depends on the temperature."""
    of_labels, gradients = torch.tensor(0.0), []
    for temperature in (200.0, 400.0):
        teacher = replace(opened(bundle), temperature=temperature)
        logits = torch.zeros(4, 4, requires_grad=True)
        teacher.taught(of_labels, logits, colours()).backward()
        gradients.append(logits.grad)
    torch.testing.assert_close(gradients[0], gradients[1], rtol=0.05, atol=1e-3)


def test_a_dense_layer_learns_from_its_teacher_what_the_labels_do_not_say() -> None:
    chance = np.random.default_rng(1)
    features = chance.normal(size=(200, 5)).astype(np.float32)
    known = 4 * np.stack([features[:, 0], -features[:, 0]], 1)
    labels = chance.integers(0, 2, 200)  # say nothing of the features
    advice = Advice(softmax(known / np.float32(2)), temperature=2.0, weight=0.7)
    alone = logistic(features, labels, Dense.nothing(2, 5), 1e-3)
    taught = logistic(features, labels, Dense.nothing(2, 5), 1e-3, advice=advice)
    wanted = known.argmax(1)
    assert (taught.logits(features).argmax(1) == wanted).mean() > 0.95
    assert (alone.logits(features).argmax(1) == wanted).mean() < 0.75


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_advice_is_the_same_loss_for_a_dense_layer_as_for_a_network(temperature: float) -> None:
    """Where the dense layer has converged, the loss of `Teacher.taught` has no slope."""
    chance = np.random.default_rng(2)
    features = chance.normal(size=(60, 4)).astype(np.float32)
    labels = np.arange(60) % 3
    said = chance.normal(size=(60, 3)).astype(np.float32)
    advice = Advice(softmax(said / np.float32(temperature)), temperature, 0.6)
    found = logistic(features, labels, Dense.nothing(3, 4), 0.0, advice=advice)
    weight = torch.from_numpy(found.weight).requires_grad_()
    logits = torch.from_numpy(features) @ weight.T + torch.from_numpy(found.bias)
    distance = functional.kl_div(
        torch.log_softmax(logits / temperature, 1),
        torch.log_softmax(torch.from_numpy(said) / temperature, 1),
        reduction="batchmean",
        log_target=True,
    )
    of_labels = functional.cross_entropy(logits, torch.from_numpy(labels))
    (0.4 * of_labels + 0.6 * temperature**2 * distance).backward()
    assert weight.grad is not None
    assert weight.grad.abs().max().item() < 1e-3


def test_nobody_teaches_unless_asked() -> None:
    assert open_teacher(FitSettings(data=Path("data"), out=Path("out")), LABELS, 1) is None


def test_a_teacher_of_other_labels_is_refused(bundle: Bundle) -> None:
    with pytest.raises(WrongTeacher, match=r"knows vehicle, .*; the pictures are of vehicle, tree"):
        opened(bundle, ("vehicle", "tree"))


def test_a_teacher_that_sees_frames_otherwise_is_refused(bundle: Bundle) -> None:
    padded = replace(settings(bundle.folder), resize="letterbox")
    with pytest.raises(WrongTeacher, match="--resize squash, not letterbox"):
        open_teacher(padded, LABELS, 1)


def test_a_file_of_weights_is_no_teacher_and_the_way_to_one_is_said(tmp_path: Path) -> None:
    file = tmp_path / "large.pth"
    file.write_bytes(b"weights")
    with pytest.raises(WrongTeacher, match=f"fit --backbone NAME --weights {file} --out teacher"):
        open_teacher(settings(file), LABELS, 1)


def test_labels_that_do_not_exclude_each_other_teach_none_that_do(tmp_path: Path) -> None:
    write_network(tmp_path / "colours.onnx", "Sigmoid")
    bundle = import_model(tmp_path / "colours.onnx", SPEC, tmp_path / "several")
    with pytest.raises(WrongTeacher, match="probability of its own"):
        opened(bundle)


def test_only_a_teacher_of_several_labels_teaches_several(bundle: Bundle, tmp_path: Path) -> None:
    several = replace(settings(bundle.folder), multi_label=True)
    with pytest.raises(WrongTeacher, match="only a bundle of fit --multi-label can teach one"):
        open_teacher(several, LABELS, 1)
    write_network(tmp_path / "colours.onnx", "Sigmoid")
    taught_by = import_model(tmp_path / "colours.onnx", SPEC, tmp_path / "several")
    teacher = open_teacher(replace(several, teacher=taught_by.folder), LABELS, 1)
    assert teacher is not None
    advice = teacher.advice(teacher.logits(colours()).numpy())
    np.testing.assert_allclose(advice.shares.argmax(1), range(4))
    assert (advice.shares.sum(1) != 1).any()
