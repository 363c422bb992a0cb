"""A network with pretrained weights, as `fit --backbone NAME --weights FILE` begins with it."""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deploy.bundle.errors import MissingDriver
from deploy.bundle.manifest import InputSpec, sha256_of
from trainer.checking.features import See, pixels_of
from trainer.checking.kept import key_of, recall
from trainer.checking.plain import Features
from trainer.errors import WrongWeights
from trainer.settings import Variant

if TYPE_CHECKING:
    from deploy.bundle.pixels import Pixels
    from trainer.networks.pretrained import Pretrained

_NEEDS = ("torch", "timm", "safetensors")
_SHOWN = 48
"""Pictures from which the dialect of the weights is told."""
_LABELS = 1
"""The dense layer is not asked for anything."""
_NAME_BYTES = 8


@dataclass(frozen=True, slots=True)
class PretrainedNetwork:
    """Its embedding tells pictures apart."""

    backbone: str
    file: Path
    variant: Variant | None
    """None until it was found out, from pictures."""
    size: int
    digest: str
    """sha256 of the file of weights."""

    @classmethod
    def of(
        cls, backbone: str, file: Path, variant: Variant | None, size: int
    ) -> "PretrainedNetwork":
        """Raises `MissingDriver` without torch, and `WrongWeights` where there is no such file."""
        for package in _NEEDS:
            if importlib.util.find_spec(package) is None:
                raise MissingDriver(package, "train")
        try:
            digest = sha256_of(file)
        except OSError as error:
            raise WrongWeights(f"{file} cannot be read ({error.strerror}): --weights") from error
        return cls(backbone, file, variant, size, digest)

    def knowing(
        self, files: Sequence[tuple[str, Path]], folder: Path, say: Callable[[str], None]
    ) -> "PretrainedNetwork":
        """The same one, in the dialect that some of the pictures tell.

        Args:
            files: sha256 and place of each readable picture.
            folder: where the answer is kept for the next run.
            say: is told how it was found out.
        """
        if self.variant is not None or not files:
            return self
        some = files[:: max(1, len(files) // _SHOWN)][:_SHOWN]

        def look() -> Variant:
            pixels = np.array([pixels_of(*one, self.spec) for one in some])
            made = self._load(pixels)
            for sentence in made.said:
                say(sentence)
            return made.variant

        asked = key_of(self.name.encode(), *(digest.encode() for digest, _ in some))
        variant: Variant = recall(folder / f"dialect-{self.name}.msgpack", asked, Variant, look)
        return replace(self, variant=variant)

    @property
    def name(self) -> str:
        told = f"{self.digest} {self.backbone} {self.variant} {self.size}"
        return key_of(told.encode())[:_NAME_BYTES].hex()

    @property
    def spec(self) -> InputSpec:
        return InputSpec(self.size, self.size)

    def open(self) -> See:
        """Raises `UnknownBackbone` and `WrongWeights`, as `fit` does."""
        import torch

        network = self._load(np.zeros((1, self.size, self.size, 3), np.uint8)).network.eval()

        def see(pixels: "Pixels") -> Features:
            with torch.inference_mode():
                seen: Features = network(torch.from_numpy(pixels[None])).embedding[0].numpy()
            return seen

        return see

    def _load(self, pixels: "Pixels") -> "Pretrained":
        import torch

        from trainer.networks.pretrained import pretrained

        torch.set_num_threads(1)  # pictures are spread over cores, not what is done with one
        return pretrained(self.backbone, self.file, self.variant, _LABELS, pixels)
