"""Pictures that no camera took: drawn at random, each with edges, colours and a texture of its own.

The same seed draws the same picture.
"""

from pathlib import Path

import cv2
import numpy as np

from deploy.bundle.golden import encode_frame
from deploy.bundle.pixels import Pixels


def drawn(seed: int, width: int = 160, height: int = 120) -> Pixels:
    """A picture uint8 [height, width, 3] that resembles that of no other seed."""
    chance = np.random.default_rng(seed)
    coarse = chance.integers(0, 256, (5, 6, 3), np.uint8)
    canvas = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(12):
        colour = chance.integers(0, 256, 3).tolist()
        x, y = (int(value) for value in chance.integers(0, (width, height)))
        side = int(chance.integers(8, 60))
        cv2.rectangle(canvas, (x, y), (x + side, y + side // 2), colour, -1)
    noisy = canvas + chance.normal(0, 4, canvas.shape)
    picture: Pixels = noisy.clip(0, 255).astype(np.uint8)
    return picture


def write_picture(path: Path, seed: int, width: int = 160, height: int = 120) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_frame(drawn(seed, width, height)))
    return path


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file of a folder by its path within, and what it holds."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }
