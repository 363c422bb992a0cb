"""Occlusion: hide one part after the other, and see by how much a label's logit falls.

Source: "Visualizing and Understanding Convolutional Networks" (Zeiler & Fergus, 2014). It needs
nothing but the network's answers, and a run for each part.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Reference

_CELLS = 14
"""Along each side; what is hidden is two cells wide."""
_BATCH = 28


def occlusion(reference: Reference, pixels: Pixels, label: int) -> NDArray[np.float32]:
    """How much each part of a picture uint8 [H, W, 3] speaks for a label: float32 [H, W], 0…1."""
    height, width = pixels.shape[:2]
    whole = float(reference.run(pixels[None]).logits[0, label])
    hidden = [_hidden(pixels, row, column) for row in range(_CELLS) for column in range(_CELLS)]
    parts = range(0, len(hidden), _BATCH)
    logits = [reference.run(np.stack(hidden[at : at + _BATCH])).logits[:, label] for at in parts]
    falls = np.maximum(whole - np.concatenate(logits), 0).reshape(_CELLS, _CELLS)
    largest = float(falls.max())
    scaled = (falls / largest if largest > 0 else falls).astype(np.float32)
    enlarged = cv2.resize(scaled, (width, height), interpolation=cv2.INTER_CUBIC)
    heat: NDArray[np.float32] = enlarged.clip(0, 1).astype(np.float32)
    return heat


def _hidden(pixels: Pixels, row: int, column: int) -> Pixels:
    """The picture with a square around one cell in its own mean colour."""
    height, width = pixels.shape[:2]
    changed: Pixels = pixels.copy()
    rows = slice(*_span(row, height))
    changed[rows, slice(*_span(column, width))] = pixels.mean((0, 1)).round().astype(np.uint8)
    return changed


def _span(cell: int, length: int) -> tuple[int, int]:
    side = length / _CELLS
    return max(0, round((cell - 0.5) * side)), min(length, round((cell + 1.5) * side))
