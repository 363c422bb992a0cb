"""Which pairs are worth a close look: a perceptual hash that keeps its numbers instead of bits.

The lowest frequencies of the cosine transform, as in pHash, of length one and without the mean:
light and contrast do not count. A mirrored picture has the same numbers, every odd column with the
opposite sign, so it is looked for without being made; one whose rim was cut off is looked for by
the hash of what lies inside the rim. Copies then reach a cosine of 0.9, of 490,000 pairs of
different photos 100 do. All pairs are compared: ten thousand pictures take seconds.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.likeness.grey import SIDE, Greys

Hashes: TypeAlias = NDArray[np.float32]
LEAST_COSINE = 0.88
_FREQUENCIES = 8
_RIM = SIDE // 20
_BLOCK = 1024
_MOST_OF_ONE = 16
"""A camera that never moves makes pictures that all resemble each other: the nearest are enough,
for those that show the same form a chain."""


class Candidate(NamedTuple):
    """Two pictures that may show the same, `flipped` where one may be mirrored."""

    one: int
    other: int
    flipped: bool


def candidates(greys: Greys) -> list[Candidate]:
    """Pairs among uint8 [N, S, S], each once, most alike first within a picture."""
    whole = _hashes(greys)
    inner = _hashes(greys[:, _RIM:-_RIM, _RIM:-_RIM])
    found: dict[Candidate, None] = {}
    for flipped, others in ((False, whole), (True, _mirrored(whole))):
        for mine in (whole, inner):
            for one, other in _alike(mine, others):
                pair = Candidate(min(one, other), max(one, other), flipped)
                found[pair] = None
    return list(found)


def _alike(mine: Hashes, others: Hashes) -> Iterator[tuple[int, int]]:
    for begin in range(0, len(mine), _BLOCK):
        likeness = mine[begin : begin + _BLOCK] @ others.T
        rows = np.arange(len(likeness))
        likeness[rows, begin + rows] = -1
        for row in np.flatnonzero(likeness.max(1, initial=-1) >= LEAST_COSINE).tolist():
            near = np.flatnonzero(likeness[row] >= LEAST_COSINE)
            best = near[np.argsort(-likeness[row, near])][:_MOST_OF_ONE]
            yield from ((begin + row, other) for other in best.tolist())


def _hashes(greys: Greys) -> Hashes:
    """uint8 [N, S, S] to float32 [N, 63], each of length one; nought for one colour."""
    lowest = [cv2.dct(_even(grey))[:_FREQUENCIES, :_FREQUENCIES].ravel()[1:] for grey in greys]
    flat = np.array(lowest, np.float32).reshape(len(greys), _FREQUENCIES**2 - 1)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    unit: Hashes = np.where(length > SIDE, flat / np.maximum(length, SIDE), 0).astype(np.float32)
    return unit


def _even(grey: Greys) -> NDArray[np.float32]:
    """OpenCV transforms even sides only; the numbers must not depend on the side."""
    resized: NDArray[np.float32] = cv2.resize(grey.astype(np.float32), (SIDE, SIDE))
    return resized


def _mirrored(hashes: Hashes) -> Hashes:
    """The hashes of the same pictures, left and right swapped."""
    signs = np.ones((_FREQUENCIES, _FREQUENCIES), np.float32)
    signs[:, 1::2] = -1
    mirrored: Hashes = hashes * signs.ravel()[1:]
    return mirrored
