"""Distinct photos of a megabyte, a thousand in a second: strips encoded once, stacked as bytes.

A JPEG may be divided by restart markers (ITU-T T.81, B.2.1) behind which nothing depends on what
was before. So strips that were encoded alike, each of them one such interval, make a photo in any
order, and a decoder has as much work with it as with any other.
"""

import struct
from collections.abc import Sequence

import cv2
import numpy as np

from deploy.bundle.pixels import Pixels

WIDTH, STACKED = 2048, 4
_HIGH = 384
HEIGHT = _HIGH * STACKED
_BLOCK = 16
"""Pixels of a side of what is encoded together, colours at half the resolution."""
_QUALITY, _GRAIN = 93, 5.0
_FRAME, _SCAN, _RESTART_EVERY = b"\xff\xc0", b"\xff\xda", b"\xff\xdd"
_END = b"\xff\xd9"


def encoded_strip(picture: Pixels, seed: int) -> bytes:
    """Fill a strip with the middle of a picture, RGB uint8 [H, W, 3], and a sensor's grain."""
    height, width = picture.shape[:2]
    part = min(height, width * _HIGH // WIDTH)
    top = (height - part) // 2
    middle = picture[top : top + part]
    large = cv2.resize(middle, (WIDTH, _HIGH), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(seed).normal(0, _GRAIN, (_HIGH, WIDTH, 1))
    pixels = (large + grain).clip(0, 255).astype(np.uint8)[..., ::-1]
    done, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done
    return encoded.tobytes()


def stacked(strips: Sequence[bytes]) -> bytes:
    """One JPEG of `STACKED` strips from `encoded_strip`, one below the other."""
    at, scan = strips[0].index(_FRAME), strips[0].index(_SCAN)
    size = at + 5
    every = (WIDTH // _BLOCK) * (_HIGH // _BLOCK)
    head = (
        strips[0][:size]
        + struct.pack(">H", HEIGHT)
        + strips[0][size + 2 : scan]
        + _RESTART_EVERY
        + struct.pack(">HH", 4, every)
    )
    (length,) = struct.unpack_from(">H", strips[0], scan + 2)
    begin = scan + 2 + length
    body = b"".join(
        strip[begin : -len(_END)] + bytes((0xFF, 0xD0 + number))
        for number, strip in enumerate(strips)
    )
    return head + strips[0][scan:begin] + body[:-2] + _END
