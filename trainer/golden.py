"""Which photos become the golden frames of a bundle, and as which bytes."""

from itertools import chain, zip_longest

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from deploy.bundle.golden import draw_frames
from deploy.bundle.header import read_header
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import decode
from trainer.data.pictures import PHOTO_LIMITS, Pictures
from trainer.settings import GoldenSource

COUNT = 8
_QUALITY = 95


def golden_frames(source: GoldenSource, pictures: Pictures, spec: InputSpec) -> tuple[bytes, ...]:
    """JPEG frames for `deploy.bundle.golden.write_golden`: photos of the labels, or drawn ones."""
    if source == "drawn":
        return draw_frames(COUNT)
    photos = (pictures.files[index].read_bytes() for index in _spread(pictures))
    frames = (_as_jpeg(photo, spec) for photo in photos)
    return tuple(frame for frame in frames if _is_allowed(frame)) or draw_frames(COUNT)


def _spread(pictures: Pictures) -> list[int]:
    """Take turns between the labels, and from each label pictures that are far apart; those that
    show none are like another label.
    """
    kinds = [*pictures.shown.T, ~pictures.shown.any(1)]
    present = [np.flatnonzero(kind) for kind in kinds if kind.any()]
    most = -(-COUNT // len(present))
    turns = chain.from_iterable(zip_longest(*(_far_apart(indices, most) for indices in present)))
    return list(dict.fromkeys(index for index in turns if index is not None))[:COUNT]


def _far_apart(indices: NDArray[np.int64], most: int) -> list[int]:
    chosen = np.linspace(0, len(indices) - 1, min(most, len(indices))).round().astype(int)
    return [int(index) for index in indices[chosen]]


def _as_jpeg(photo: bytes, spec: InputSpec) -> bytes:
    """The photo's own bytes; a PNG or WebP becomes a JPEG, as a camera would have sent it."""
    if read_header(photo).format == "jpeg":
        return photo
    jpeg: bytes = simplejpeg.encode_jpeg(decode(photo, spec, PHOTO_LIMITS), quality=_QUALITY)
    return jpeg


def _is_allowed(frame: bytes) -> bool:
    """Whether production would take it: a photo may be larger than a frame."""
    header, limits = read_header(frame), Limits()
    return len(frame) <= limits.max_bytes and header.width * header.height <= limits.max_pixels
