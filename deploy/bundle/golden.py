"""Golden frames: JPEGs, the pixels they decode to, and what the network must say of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.bundle.errors import BundleError
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import Bundle, InputSpec
from deploy.bundle.pixels import Pixels, frame_to_pixels
from deploy.bundle.reference import Outputs

FOLDER = "golden"
_PIXELS = "pixels.npy"
_PROBABILITIES = "probabilities.npy"
_LOGITS = "logits.npy"
_DRAWN_SIZE = (360, 480)


@dataclass(frozen=True, slots=True)
class Golden:
    """N encoded frames with pixels uint8 [N, H, W, 3] and outputs float32 [N, C]."""

    frames: tuple[bytes, ...]
    pixels: Pixels
    outputs: Outputs


def write_golden(
    folder: Path, frames: Sequence[bytes], spec: InputSpec, run: Callable[[Pixels], Outputs]
) -> Golden:
    """Write the golden frames of a bundle that is being made in `folder`.

    Raises:
        BadFrame: one of the frames cannot be decoded.
        BundleError: there are no frames.
    """
    if not frames:
        raise BundleError(f"{folder / FOLDER}: no golden frames, expected at least one")
    pixels = np.stack([frame_to_pixels(frame, spec, Limits()) for frame in frames])
    outputs = run(pixels)
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(frames):
        (place / f"{index:04d}.jpg").write_bytes(frame)
    np.save(place / _PIXELS, pixels)
    np.save(place / _PROBABILITIES, outputs.probabilities)
    np.save(place / _LOGITS, outputs.logits)
    return Golden(tuple(frames), pixels, outputs)


def read_golden(bundle: Bundle) -> Golden:
    """Read a bundle's golden frames.

    Raises:
        BundleError: they are missing or their arrays do not fit the manifest.
    """
    place = bundle.folder / FOLDER
    frames = tuple(path.read_bytes() for path in sorted(place.glob("*.jpg")))
    if not frames:
        raise BundleError(f"{place} holds no golden frames (*.jpg)")
    pixels = _load(place / _PIXELS)
    probabilities, logits = _load(place / _PROBABILITIES), _load(place / _LOGITS)
    spec, count = bundle.manifest.input, len(frames)
    _expect(place / _PIXELS, pixels, (count, spec.height, spec.width, 3), np.dtype(np.uint8))
    for name, scores in ((_PROBABILITIES, probabilities), (_LOGITS, logits)):
        shape = (count, len(bundle.manifest.labels))
        _expect(place / name, scores, shape, np.dtype(np.float32))
    return Golden(frames, pixels, Outputs(probabilities, logits))


@cache
def draw_frames(count: int = 8, seed: int = 2026) -> tuple[bytes, ...]:
    """Draw JPEG frames with gradients, edges and noise, for a bundle that has no photos of its own.

    Frames differ strongly from one another, so that a wrong colour order or normalisation shows.
    """
    generator = np.random.default_rng(seed)
    return tuple(encode_frame(_drawn(generator), quality=88) for _ in range(count))


def _drawn(generator: np.random.Generator) -> Pixels:
    height, width = _DRAWN_SIZE
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = generator.uniform(0, np.pi)
    ramp = np.cos(angle) * columns / width + np.sin(angle) * rows / height
    low, high = generator.uniform(0, 255, (2, 3))
    picture = low + (high - low) * np.clip(ramp, 0, 1)[..., None]
    canvas = np.ascontiguousarray(np.clip(picture, 0, 255).astype(np.uint8))
    for _ in range(12):
        colour = generator.integers(0, 256, 3).tolist()
        corner = generator.integers(0, (width, height)).tolist()
        size = generator.integers(10, 180, 2)
        if generator.random() < 0.5:  # noqa: PLR2004 - half of the shapes are round
            cv2.circle(canvas, corner, int(size[0] // 2), colour, -1)
        else:
            cv2.rectangle(canvas, corner, (corner + size).tolist(), colour, -1)
    noise = generator.normal(0, 6, canvas.shape)
    return np.clip(canvas + noise, 0, 255).astype(np.uint8)


def encode_frame(picture: Pixels, quality: int = 95) -> bytes:
    """Encode a picture uint8 [H, W, 3], RGB, as JPEG."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, encoded = cv2.imencode(".jpg", picture[..., ::-1], options)
    return bytes(encoded.tobytes())


def _load(path: Path) -> NDArray[Any]:
    try:
        with path.open("rb") as file:
            read: Any = np.lib.format.read_array  # untyped in older NumPys
            array: NDArray[Any] = read(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise BundleError(f"{path} cannot be read: {error}") from error
    return array


def _expect(
    path: Path, array: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[np.generic]
) -> None:
    if array.shape != shape or array.dtype != dtype:
        raise BundleError(
            f"{path} holds {array.dtype} {list(array.shape)}, expected {dtype} {list(shape)}"
        )
    if not np.isfinite(array).all():
        raise BundleError(f"{path} holds values that are not finite")
