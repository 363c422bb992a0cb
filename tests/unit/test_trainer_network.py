import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch

from trainer.networks.catalogue import build_network
from trainer.networks.outputs import NetworkOutputs


def answer(classes: int = 4, size: int = 128, count: int = 2) -> NetworkOutputs:
    pixels = torch.randint(0, 256, (count, size, size, 3), dtype=torch.uint8)
    outputs: NetworkOutputs = build_network("plain", classes).eval()(pixels)
    return outputs


@pytest.mark.parametrize("classes", [2, 4, 11])
def test_the_network_takes_pixels_and_gives_a_number_for_each_label(classes: int) -> None:
    outputs = answer(classes)
    assert outputs.logits.shape == outputs.probabilities.shape == (2, classes)
    assert outputs.embedding.ndim == 2
    assert outputs.feature_map.ndim == 4


def test_probabilities_are_the_softmax_of_the_logits() -> None:
    outputs = answer()
    torch.testing.assert_close(outputs.probabilities, torch.softmax(outputs.logits, 1))


@pytest.mark.parametrize("size", [32, 96, 128, 224])
def test_any_size_of_picture_gives_an_embedding_of_the_same_size(size: int) -> None:
    assert answer(size=size).embedding.shape == answer(size=128).embedding.shape


def test_an_answer_does_not_depend_on_the_other_frames_of_its_batch() -> None:
    network = build_network("plain", 4).eval()
    pixels = torch.randint(0, 256, (5, 64, 64, 3), dtype=torch.uint8)
    alone = torch.cat([network(frame[None]).logits for frame in pixels])
    torch.testing.assert_close(network(pixels).logits, alone, atol=1e-5, rtol=1e-4)


def test_the_plain_network_is_small_enough_for_the_edge() -> None:
    weights = sum(parameter.numel() for parameter in build_network("plain", 4).parameters())
    assert weights * 4 <= 2_500_000
