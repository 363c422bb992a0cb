"""A backbone with its pretrained weights, in the dialect that the weights were trained in."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from deploy.bundle.pixels import Pixels
from trainer.networks.backbone import Architecture, with_dense_layer
from trainer.networks.outputs import Link, exclusive
from trainer.networks.pixels import TakesPixels
from trainer.networks.weights import Match, Weights, classes_in, fit_weights, read_weights
from trainer.settings import Variant

_PROBED = 48
"""Pictures that the two dialects are compared on."""
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Pretrained:
    """The network, and sentences for the user on how it came about."""

    network: TakesPixels
    said: tuple[str, ...]
    folded: bool
    variant: Variant
    """The dialect, given or found out."""


def pretrained(
    name: str,
    file: Path,
    variant: Variant | None,
    classes: int,
    pixels: Pixels,
    link: Link = exclusive,
) -> Pretrained:
    """Load `file` into the backbone `name`, with a new dense layer of `classes` outputs.

    Args:
        name: as timm has it.
        file: .safetensors or .pth with every tensor of that network.
        variant: the dialect; None finds out which one the file's own classifier understands.
        classes: labels.
        pixels: training pictures, uint8 [N, H, W, 3].
        link: what makes probabilities of the outputs.

    Raises:
        UnknownBackbone: timm has no such network, or it is unfit.
        WrongWeights: the file is none, or is for another network.
    """
    weights, size = read_weights(file), pixels.shape[1]
    found = variant or "timm"
    body, match = _loaded(Architecture(name, found), weights, file)
    said = [match.line(file)]
    if variant is None and match.classes > 1:
        found, reason = _dialect(name, weights, file, pixels)
        body, _ = _loaded(Architecture(name, found), weights, file)
        said.append(reason)
    architecture = Architecture(name, found)
    network = with_dense_layer(body, name, classes, size, link)
    return Pretrained(TakesPixels(network, architecture.scaling), tuple(said), match.folded, found)


def _loaded(architecture: Architecture, weights: Weights, file: Path) -> tuple[Any, Match]:
    classifier = architecture.body().default_cfg["classifier"]
    body = architecture.body(classes_in(weights, classifier))
    return body, fit_weights(body, weights, file, classifier)


def _dialect(name: str, weights: Weights, file: Path, pixels: Pixels) -> tuple[Variant, str]:
    """The dialect in which the file's own classifier is surest of the pictures."""
    some = pixels[:: max(1, len(pixels) // _PROBED)][:_PROBED]
    plain = Architecture(name)
    doubt: dict[Variant, float] = {}
    for variant in ("timm", "tensorflow"):
        architecture = replace(plain, variant=variant)
        body, _ = _loaded(architecture, weights, file)
        doubt[variant] = _entropy(TakesPixels(body, architecture.scaling), some)
    best = min(doubt, key=lambda variant: doubt[variant])
    figures = ", ".join(f"{value:.2f} as {variant}" for variant, value in doubt.items())
    means = "pad_type same, pixels from -1 to 1" if best == "tensorflow" else "timm's own"
    return best, f"dialect {best} ({means}): its classifier's doubt is {figures}; see --variant"


def _entropy(network: TakesPixels, pixels: Pixels) -> float:
    """Mean entropy of the answers, in nats."""
    network.eval()
    total = 0.0
    with torch.inference_mode():
        for batch in torch.from_numpy(pixels).split(_BATCH):
            logits = network.network(network.planes(batch))
            logs = torch.log_softmax(logits, 1)
            total -= float((logs.exp() * logs).sum())
    return total / len(pixels)
