"""Backbones of timm, and files of weights for them. Every network here is small and untrained."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("timm", reason="needs the extra 'train'")

import timm
import torch
from safetensors.torch import save_file
from torch import nn

from deploy.bundle.pixels import Pixels
from trainer.errors import UnknownBackbone, WrongWeights
from trainer.networks.catalogue import build_network
from trainer.networks.pretrained import pretrained

SMALL = "test_efficientnet"


def pixels(count: int = 4) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (count, 64, 64, 3), np.uint8)


def timms_own(pad: str = "", classes: int = 10) -> nn.Module:
    torch.manual_seed(1)
    network: nn.Module = timm.create_model(SMALL, num_classes=classes, pad_type=pad).eval()
    nn.init.constant_(network.bn1.weight, 0.9)
    return network


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_file(timms_own().state_dict(), file)
    return file


@pytest.mark.parametrize("name", ["test_resnet", "mobilenetv3_small_050", "test_convnext"])
def test_a_backbone_by_name_gives_all_outputs(name: str) -> None:
    outputs = build_network(name, 3, 64).eval()(torch.from_numpy(pixels(2)))
    assert outputs.probabilities.shape == outputs.logits.shape == (2, 3)
    assert outputs.embedding.ndim == 2
    assert outputs.feature_map.ndim == 4


def test_an_unknown_backbone_is_refused_with_names_that_are_alike() -> None:
    with pytest.raises(UnknownBackbone, match=r"resnet81 is not known; timm has .*resnet"):
        build_network("resnet81", 3, 64)


def test_a_backbone_without_planes_of_features_is_refused() -> None:
    with pytest.raises(UnknownBackbone, match="gives no planes of features"):
        build_network("test_vit", 3, 160)


def test_weights_from_a_file_give_the_features_that_they_gave_before(weights: Path) -> None:
    found = pretrained(SMALL, weights, "timm", 3, pixels())
    network = found.network.eval()
    planes = network.planes(torch.from_numpy(pixels()))
    with torch.inference_mode():
        embedding = network(torch.from_numpy(pixels())).embedding
        own = timms_own()
        expected = own.forward_head(own.forward_features(planes), pre_logits=True)
    torch.testing.assert_close(embedding, expected)
    assert "its classifier of 10 classes" in found.said[0]
    assert not found.folded


def test_the_dialect_changes_padding_and_scale_of_the_pixels(weights: Path) -> None:
    network = pretrained(SMALL, weights, "tensorflow", 3, pixels()).network.eval()
    planes = torch.from_numpy(pixels()).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        embedding = network(torch.from_numpy(pixels())).embedding
        own = timms_own("same")
        expected = own.forward_head(own.forward_features(planes), pre_logits=True)
    torch.testing.assert_close(embedding, expected, rtol=1e-4, atol=1e-5)


def test_unless_it_is_given_the_dialect_is_measured_and_said(weights: Path) -> None:
    said = pretrained(SMALL, weights, None, 3, pixels()).said
    assert said[1].startswith("dialect ")
    assert "--variant" in said[1]


def test_a_checkpoint_of_pytorch_is_read_through_its_wrapping(tmp_path: Path) -> None:
    state = {f"module.{name}": value for name, value in timms_own().state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "small.pth")
    assert pretrained(SMALL, tmp_path / "small.pth", "timm", 3, pixels()).said


def test_folded_batchnorm_is_noticed(tmp_path: Path) -> None:
    own = timms_own()
    nn.init.ones_(own.bn1.weight)
    save_file(own.state_dict(), tmp_path / "folded.safetensors")
    assert pretrained(SMALL, tmp_path / "folded.safetensors", "timm", 3, pixels()).folded


def test_weights_of_another_network_are_refused(weights: Path) -> None:
    with pytest.raises(WrongWeights, match=r"missing in the file: .*unknown to the network: "):
        pretrained("test_resnet", weights, "timm", 3, pixels())


def test_a_tensor_of_another_shape_is_named_with_both_shapes(tmp_path: Path) -> None:
    state = {**timms_own().state_dict(), "bn1.bias": torch.zeros(3)}
    save_file(state, tmp_path / "other.safetensors")
    with pytest.raises(WrongWeights, match=r"of another shape: bn1\.bias \[3\] for \[\d+\]"):
        pretrained(SMALL, tmp_path / "other.safetensors", "timm", 3, pixels())


def test_counters_of_batchnorm_may_be_missing_for_nothing_is_computed_from_them(
    tmp_path: Path, weights: Path
) -> None:
    file = tmp_path / "without.safetensors"
    kept = {
        name: value
        for name, value in timms_own().state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    save_file(kept, file)
    networks = [pretrained(SMALL, it, "timm", 3, pixels()).network.eval() for it in (file, weights)]
    some = torch.from_numpy(pixels(2))
    with torch.inference_mode():
        found, expected = (network(some).embedding for network in networks)
    torch.testing.assert_close(found, expected)


def test_a_file_that_lacks_one_tensor_is_refused(tmp_path: Path) -> None:
    state = timms_own().state_dict()
    del state["bn1.bias"]
    save_file(state, tmp_path / "short.safetensors")
    with pytest.raises(WrongWeights, match=r"missing in the file: bn1\.bias\. Is it the file"):
        pretrained(SMALL, tmp_path / "short.safetensors", "timm", 3, pixels())


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth"])
@pytest.mark.parametrize("content", [b"", b"no weights at all"])
def test_a_file_that_holds_no_weights_is_one_sentence(
    name: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WrongWeights, match="expected a state dict"):
        pretrained(SMALL, tmp_path / name, None, 3, pixels())


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(WrongWeights, match="does not exist"):
        pretrained(SMALL, tmp_path / "none.pth", None, 3, pixels())
