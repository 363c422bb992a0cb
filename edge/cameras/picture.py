"""A picture from a camera: what every source of frames gives."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import cv2

from deploy.bundle.pixels import Pixels

JPEG_QUALITY = 85


@dataclass(frozen=True, slots=True)
class Picture:
    """One encoded frame with its camera and, where the source knows it, the truth."""

    camera: str
    data: bytes
    truth: str | None = None


class Source(Protocol):
    """Where frames come from. Iterating opens it; it ends when the source does."""

    def pictures(self) -> Iterator[Picture]:
        """The frames, in order.

        Raises:
            Fatal: the source cannot be opened, or holds nothing.
        """


def encode_jpeg(pixels: Pixels, quality: int = JPEG_QUALITY) -> bytes:
    """Encode RGB uint8 [H, W, 3] as JPEG."""
    _, encoded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(encoded.tobytes())
