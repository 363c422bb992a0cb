"""The golden frames of an imported model: photos of the user's own, or drawn ones."""

from pathlib import Path

import numpy as np

from deploy.bundle.errors import BadFrame, BundleError
from deploy.bundle.golden import draw_frames, encode_frame
from deploy.bundle.header import read_header
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import decode

MOST_PHOTOS = 16
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
# A photo is ours, not a stranger's frame: it may cost more before it is made smaller.
_PHOTO_LIMITS = Limits(max_bytes=256 << 20, max_pixels=400_000_000)


def golden_frames(folder: Path | None, spec: InputSpec) -> tuple[bytes, ...]:
    """JPEG frames: photos of `folder`, spread evenly over its names, or drawn if there is none.

    Raises:
        BundleError: the folder holds no photo, or one that cannot be decoded; names it.
    """
    if folder is None:
        return draw_frames()
    if not folder.is_dir():
        raise BundleError(f"--golden: {folder} is not a folder")
    photos = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not photos:
        raise BundleError(f"--golden: {folder} holds no photos (*.jpg, *.png, *.webp)")
    spread = np.linspace(0, len(photos) - 1, min(MOST_PHOTOS, len(photos))).round().astype(int)
    return tuple(_frame(photos[index], spec) for index in spread)


def _frame(photo: Path, spec: InputSpec) -> bytes:
    """The photo's own bytes where a camera could have sent them, else the picture as a JPEG."""
    try:
        data = photo.read_bytes()
        picture = decode(data, spec, _PHOTO_LIMITS)
        if read_header(data).format != "jpeg" or _is_over(data, Limits()):
            return encode_frame(picture)
    except OSError as error:
        raise BundleError(f"--golden: {photo} cannot be read: {error.strerror}") from error
    except BadFrame as error:
        raise BundleError(f"--golden: {photo}: {error}") from error
    return data


def _is_over(data: bytes, limits: Limits) -> bool:
    header = read_header(data)
    return len(data) > limits.max_bytes or header.width * header.height > limits.max_pixels
