"""What `fit` learns on a frozen network from other labels of the same photos, without asking the
network about them again: its dense layer is the same logistic regression on the same embeddings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.limits import Limits
from deploy.bundle.manifest import open_bundle
from deploy.bundle.pixels import frame_to_pixels
from deploy.bundle.proportion import wilson
from deploy.bundle.reference import open_reference
from trainer.logistic import Dense, Floats, logistic
from trainer.settings import FitSettings


@dataclass(frozen=True, slots=True)
class Right:
    """How many of the photos to measure with were called rightly."""

    right: int
    of: int

    def __str__(self) -> str:
        low, high = wilson(self.right, self.of)
        return f"{self.right / self.of:.3f} ({low:.3f} to {high:.3f})"


@dataclass(frozen=True, slots=True)
class FrozenNetwork:
    """Embeddings float32 [N, E] of train, as they are and as a mirror shows them, and of val."""

    labels: Sequence[str]
    rows: Mapping[str, int]
    """Name of each photo in train, and its row."""
    train: Floats
    mirrored: Floats
    val: Floats
    targets: NDArray[np.int64]
    """int64 [N], of val."""
    pull: float

    @classmethod
    def of(cls, fitted: Path, photos: Path) -> "FrozenNetwork":
        """Ask the bundle that `fit` made of `photos`."""
        train, val = (sorted((photos / split).glob("*/*.jpg")) for split in ("train", "val"))
        labels = open_bundle(fitted).manifest.labels
        plain, mirrored = _embeddings(fitted, train)
        return cls(
            labels,
            {photo.name: row for row, photo in enumerate(train)},
            plain,
            mirrored,
            _embeddings(fitted, val)[0],
            np.array([labels.index(photo.parent.name) for photo in val]),
            FitSettings(data=photos, out=fitted).probe_pull,
        )

    def learned_from(self, labelled: Mapping[str, str]) -> Right:
        """Learn the dense layer from photos with these labels, and ask it about val."""
        rows = [self.rows[name] for name in labelled]
        targets = np.array([self.labels.index(label) for label in labelled.values()])
        features = np.concatenate([self.train[rows], self.mirrored[rows]])
        nothing = Dense.nothing(len(self.labels), features.shape[1])
        dense = logistic(features, np.tile(targets, 2), nothing, self.pull)
        called = dense.logits(self.val).argmax(1)
        return Right(int((called == self.targets).sum()), len(self.targets))

    def nearest_to(self, labelled: Mapping[str, str]) -> Right:
        """Call each photo of val as the one that is most like it, by angle, is labelled: nothing
        here outweighs a wrong label, so what it costs is seen.
        """
        known = _unit(self.train[[self.rows[name] for name in labelled]])
        targets = np.array([self.labels.index(label) for label in labelled.values()])
        called = targets[(_unit(self.val) @ known.T).argmax(1)]
        return Right(int((called == self.targets).sum()), len(self.targets))


def _unit(embeddings: Floats) -> Floats:
    unit: Floats = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return unit


def _embeddings(fitted: Path, photos: Sequence[Path]) -> tuple[Floats, Floats]:
    bundle = open_bundle(fitted)
    model = open_reference(bundle.model, threads=0)
    plain: list[Floats] = []
    mirrored: list[Floats] = []
    for photo in photos:
        pixels = frame_to_pixels(photo.read_bytes(), bundle.manifest.input, Limits())
        for seen, kept in ((pixels, plain), (pixels[:, ::-1], mirrored)):
            batch = np.ascontiguousarray(seen)[None]
            kept.append(model.named(batch, ("embedding",))["embedding"].reshape(-1))
    return np.array(plain, np.float32), np.array(mirrored, np.float32)
