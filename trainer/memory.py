"""What a bundle remembers of the pictures it was made from: features, no pixels.

A label that is added later must be told from the old ones, whose pictures may be gone by then.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.manifest import Bundle
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Reference
from trainer.logistic import Floats

EMBEDDING = "embedding"
_FOLDER = Path("report") / "memory"
_FEATURES, _TARGETS = "features.npy", "targets.npy"
_EACH, _ALL = 128, 4096
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Memory:
    """Features float32 [N, E] and targets int64 [N] of N pictures."""

    features: Floats
    targets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.targets)

    def joined(self, other: "Memory") -> "Memory":
        return Memory(
            np.concatenate([self.features, other.features]),
            np.concatenate([self.targets, other.targets]),
        )


def embed(reference: Reference, pixels: Pixels) -> Floats:
    """The embeddings [N, E] of uint8 [N, H, W, 3]."""
    parts = range(0, len(pixels), _BATCH)
    found = [reference.named(pixels[at : at + _BATCH], (EMBEDDING,))[EMBEDDING] for at in parts]
    return np.concatenate(found)


def spread_out(targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which pictures to remember: as many of each label, from all over it."""
    labels = np.unique(targets)
    most = max(1, min(_EACH, _ALL // len(labels)))
    chosen = [_some(np.flatnonzero(targets == label), most) for label in labels]
    return np.concatenate(chosen)


def write_memory(draft: Path, memory: Memory) -> None:
    """Write it into a bundle that is being made; half precision is as good for this."""
    place = draft / _FOLDER
    place.mkdir(parents=True, exist_ok=True)
    np.save(place / _FEATURES, memory.features.astype(np.float16))
    np.save(place / _TARGETS, memory.targets)


def read_memory(bundle: Bundle) -> Memory | None:
    """What a bundle remembers; None if it was made without."""
    place = bundle.folder / _FOLDER
    if not (place / _FEATURES).is_file():
        return None
    features, targets = np.load(place / _FEATURES), np.load(place / _TARGETS)
    return Memory(features.astype(np.float32), targets.astype(np.int64))


def _some(indices: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    places = np.linspace(0, len(indices) - 1, min(most, len(indices))).round().astype(int)
    chosen: NDArray[np.int64] = indices[places]
    return chosen
