"""Heat maps: how much each part of a picture spoke for a label.

Grad-CAM ("Grad-CAM: Visual Explanations from Deep Networks", Selvaraju et al., 2017) weighs each
plane of the last feature map by the mean gradient of a logit, and keeps what speaks for it. Where
the planes reach the dense layer as their means, or as means and maxima, that gradient is a sum of
the layer's weights, so neither torch nor a second pass is needed. Whether it is so is asked of the
network itself, picture by picture. Every other network is explained by occlusion.
"""

import importlib.util
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.bundle.errors import BundleError
from deploy.bundle.manifest import Bundle
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Reference
from trainer.explaining.occlusion import occlusion
from trainer.logistic import Dense
from trainer.memory import EMBEDDING

Floats: TypeAlias = NDArray[np.float32]
Method: TypeAlias = Literal["Grad-CAM", "occlusion"]
FEATURE_MAP = "feature_map"
_CLOSE = 1e-3
"""How far an embedding may be from the means of its planes, relative to the largest one."""


@dataclass(frozen=True, slots=True)
class Heat:
    values: Floats
    """float32 [H, W] from 0 to 1, of the size of the pixels; all 0 where nothing spoke for it."""
    method: Method


@dataclass(frozen=True, slots=True)
class Explainer:
    reference: Reference
    dense: Dense | None = field(repr=False)
    """The last layer, where it can be read."""

    @classmethod
    def of(cls, bundle: Bundle, reference: Reference) -> "Explainer":
        return cls(reference, _dense_of(bundle))

    def heat(self, pixels: Pixels, label: int) -> Heat:
        """What of a picture uint8 [H, W, 3] speaks for a label, by its index."""
        planes = self._weighed_planes(pixels, label)
        if planes is None:
            return Heat(occlusion(self.reference, pixels, label), "occlusion")
        return Heat(_spread(planes, pixels.shape[:2]), "Grad-CAM")

    def _weighed_planes(self, pixels: Pixels, label: int) -> Floats | None:
        """The sum of all planes [h, w], each by its weight; None where no weight is known."""
        if self.dense is None:
            return None
        found = self.reference.named(pixels[None], (EMBEDDING, FEATURE_MAP))
        weights = _gradient(self.dense.weight[label], found[EMBEDDING][0], found[FEATURE_MAP][0])
        if weights is None:
            return None
        summed: Floats = np.einsum("f,fhw->hw", weights, found[FEATURE_MAP][0])
        return summed


def _dense_of(bundle: Bundle) -> Dense | None:
    outputs = bundle.manifest.outputs.extra
    if not {EMBEDDING, FEATURE_MAP} <= set(outputs) or importlib.util.find_spec("onnx") is None:
        return None
    from trainer.dense_layer import read_dense

    try:
        return read_dense(bundle.model)
    except BundleError:
        return None


def _gradient(row: Floats, embedding: Floats, planes: Floats) -> Floats | None:
    """Mean gradient of a logit for each plane, times their size; None where pooling is unknown."""
    means = planes.mean((1, 2))
    if _alike(embedding, means):
        return row
    if _alike(embedding, np.concatenate([means, planes.max((1, 2))])):
        return row[: len(planes)] + row[len(planes) :]
    return None


def _alike(embedding: Floats, pooled: Floats) -> bool:
    if embedding.shape != pooled.shape:
        return False
    largest = max(float(np.abs(pooled).max()), 1e-12)
    return float(np.abs(embedding - pooled).max()) <= _CLOSE * largest


def _spread(planes: Floats, size: tuple[int, ...]) -> Floats:
    """What speaks for the label, 0…1, smoothly enlarged."""
    positive = np.maximum(planes, 0)
    largest = float(positive.max())
    scaled = positive / largest if largest > 0 else positive
    enlarged = cv2.resize(scaled, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    heat: Floats = enlarged.clip(0, 1).astype(np.float32)
    return heat
