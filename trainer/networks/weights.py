"""Pretrained weights from a file: strictly all of them, or an error that says what did not fit."""

import pickle
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from trainer.errors import WrongWeights

Weights: TypeAlias = Mapping[str, torch.Tensor]
_WRAPPERS = ("state_dict_ema", "state_dict", "model_ema", "model")
_PREFIXES = ("module.", "_orig_mod.", "model.")
_COUNTER = "num_batches_tracked"
"""How many batches a BatchNorm saw. Nothing is computed from it, and many files leave it out."""
_MOST_NAMED = 5
_FOLDED = 1e-3
"""How far a BatchNorm that does nothing may be from scale 1, mean 0 and variance 1."""


@dataclass(frozen=True, slots=True)
class Match:
    """What of a file went into a network."""

    tensors: int
    parameters: int
    classes: int
    """Rows of the classifier that the file has; 0 for none."""
    folded: bool
    """BatchNorm was folded into the convolutions: to train it again would destroy the features."""

    def line(self, file: Path) -> str:
        folded = ", BatchNorm folded into the convolutions" if self.folded else ""
        classifier = f"of {self.classes} classes" if self.classes else "missing"
        return (
            f"{file.name}: all {self.tensors} tensors match ({self.parameters / 1e6:.2f} million "
            f"numbers), its classifier {classifier}{folded}"
        )


def read_weights(file: Path) -> Weights:
    """Read a state dict, float32; a pickle is read without running what it holds.

    Raises:
        WrongWeights: the file is missing, is no safetensors or PyTorch file, or has no tensors.
    """
    try:
        found = load_file(file) if file.suffix == ".safetensors" else _unpickled(file)
    except FileNotFoundError as error:
        raise WrongWeights(f"{file} does not exist: --weights names a file of weights") from error
    except (OSError, RuntimeError, SafetensorError, pickle.UnpicklingError, EOFError) as error:
        raise WrongWeights(
            f"{file} holds no weights: expected a state dict as .safetensors or .pth ({error})"
        ) from error
    tensors = {name: value for name, value in found.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise WrongWeights(f"{file} holds no tensors: expected a state dict")
    return {_plain(name): _float32(value) for name, value in tensors.items()}


def fit_weights(body: nn.Module, weights: Weights, file: Path, classifier: str) -> Match:
    """Put `weights` into `body`, which has a classifier of as many classes as the file.

    Raises:
        WrongWeights: anything is missing, is left over, or has another shape.
    """
    expected = {
        name: value for name, value in body.state_dict().items() if not name.endswith(_COUNTER)
    }
    weights = {name: value for name, value in weights.items() if not name.endswith(_COUNTER)}
    wrong = [
        *_listed("missing in the file", expected.keys() - weights.keys()),
        *_listed("unknown to the network", weights.keys() - expected.keys()),
        *_listed("of another shape", _other_shapes(expected, weights)),
    ]
    if wrong:
        matched = len(expected.keys() & weights.keys())
        raise WrongWeights(
            f"{file} does not fit the network: {matched} of {len(expected)} tensors have its "
            f"names; {'; '.join(wrong)}. Is it the file for this --backbone?"
        )
    body.load_state_dict(weights, strict=False)  # but for the counters, all was compared above
    numbers = sum(value.numel() for value in weights.values())
    return Match(len(weights), numbers, classes_in(weights, classifier), _is_folded(body))


def classes_in(weights: Weights, classifier: str) -> int:
    """How many classes the file's classifier tells apart; 0 if it has none."""
    return len(weights.get(f"{classifier}.weight", ()))


def _unpickled(file: Path) -> dict[str, Any]:
    found = torch.load(file, map_location="cpu", weights_only=True)
    for wrapper in _WRAPPERS:
        if isinstance(found, dict) and isinstance(found.get(wrapper), dict):
            found = found[wrapper]
    return found if isinstance(found, dict) else {}


def _plain(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _float32(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.is_floating_point() else value


def _other_shapes(expected: Weights, weights: Weights) -> list[str]:
    return [
        f"{name} {list(weights[name].shape)} for {list(expected[name].shape)}"
        for name in expected.keys() & weights.keys()
        if weights[name].shape != expected[name].shape
    ]


def _listed(title: str, names: Iterable[str]) -> list[str]:
    ordered = sorted(names)
    if not ordered:
        return []
    more = f" and {len(ordered) - _MOST_NAMED} more" if len(ordered) > _MOST_NAMED else ""
    return [f"{title}: {', '.join(ordered[:_MOST_NAMED])}{more}"]


def _is_folded(body: nn.Module) -> bool:
    norms = [layer for layer in body.modules() if isinstance(layer, nn.BatchNorm2d)]
    return bool(norms) and all(map(_does_nothing, norms))


def _does_nothing(norm: nn.BatchNorm2d) -> bool:
    """Apart from its bias, which is the folded convolution's."""
    values = ((norm.weight, 1), (norm.running_mean, 0), (norm.running_var, 1))
    return all(bool(((found - value).abs() <= _FOLDED).all()) for found, value in values)
