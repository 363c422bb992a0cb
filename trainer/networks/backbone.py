"""The one door to timm: networks by name, with the outputs that every network of ours gives."""

from dataclasses import dataclass
from typing import Any

import timm
import torch
from torch import nn

from trainer.errors import UnknownBackbone
from trainer.networks.outputs import Link, NetworkOutputs, exclusive
from trainer.networks.pixels import IMAGENET, Scaling
from trainer.settings import Variant

_TENSORFLOW = Scaling(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
_PLANES = 4  # axes of a feature map: [N, F, h, w]


class Backbone(nn.Module):  # type: ignore[misc] # torch is untyped here (pyproject.toml)
    """A network of timm's without its classifier, and a dense layer of ours in its place."""

    def __init__(self, body: nn.Module, width: int, classes: int, link: Link = exclusive) -> None:
        super().__init__()
        self.body, self.link = body, link
        self.dense = nn.Linear(width, classes)

    def forward(self, planes: torch.Tensor) -> NetworkOutputs:
        """Classify planes, float32 [N, 3, H, W]."""
        feature_map = self.body.forward_features(planes)
        embedding = self.body.forward_head(feature_map, pre_logits=True)
        logits = self.dense(embedding)
        return NetworkOutputs(self.link(logits), logits, embedding, feature_map)


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network's name as timm has it, in one of two dialects.

    Networks that come from TensorFlow pad a convolution unevenly ("same") and take pixels from -1
    to 1. Their weights fit timm's own network to the letter, and give worse answers in it.
    """

    name: str
    variant: Variant = "timm"

    def body(self, classes: int = 0) -> Any:
        """timm's untrained network; without `classes` it has no classifier.

        Raises:
            UnknownBackbone: timm has no network of this name.
        """
        if not timm.is_model(self.name):
            raise UnknownBackbone(f"--backbone {self.name} is not known{_similar(self.name)}")
        if self.variant == "tensorflow":
            try:
                return timm.create_model(self.name, num_classes=classes, pad_type="same")
            except TypeError:  # this one has no choice of padding
                pass
        return timm.create_model(self.name, num_classes=classes)

    @property
    def scaling(self) -> Scaling:
        """Mean and deviation of the pixels that the weights were trained with."""
        if self.variant == "tensorflow":
            return _TENSORFLOW
        config = timm.get_pretrained_cfg(self.name)
        return Scaling(tuple(config.mean), tuple(config.std)) if config else IMAGENET


def with_dense_layer(
    body: Any, name: str, classes: int, size: int, link: Link = exclusive
) -> Backbone:
    """Put a dense layer of `classes` outputs in place of the classifier.

    Args:
        body: timm's network.
        name: its name, for errors.
        classes: labels.
        size: width and height of the pictures.
        link: what makes probabilities of its outputs.

    Raises:
        UnknownBackbone: it makes no planes of features, or cannot look at pictures of this size.
    """
    body.reset_classifier(0)
    with torch.inference_mode():
        try:
            features = body.eval().forward_features(torch.zeros(1, 3, size, size))
            width = body.forward_head(features, pre_logits=True).shape[1]
        except (AssertionError, RuntimeError) as error:
            raise UnknownBackbone(
                f"--backbone {name} cannot look at {size} pixels: {error}"
            ) from error
    if features.ndim != _PLANES:
        raise UnknownBackbone(
            f"--backbone {name} gives no planes of features, which heat maps are made from: "
            "choose a convolutional network, such as mobilenetv2_100, resnet18 or convnext_atto"
        )
    return Backbone(body, width, classes, link)


def _similar(name: str) -> str:
    """Names that begin alike, for an error."""
    found = timm.list_models(f"*{name[:6]}*")[:5] if name else []
    return f"; timm has {', '.join(found)} …" if found else "; plain, or a name that timm has"
