"""Encoded pictures made by hand, down to the byte, for the tests of what reads them."""

import base64
import struct
import zlib

import cv2
import numpy as np

from deploy.bundle.pixels import Pixels

# 16x16, four quadrants: red, green, blue, and the ink (0, 128, 255, 64). Written by Pillow 13 with
# an Adobe marker (transform 0) and, as Adobe does, inverted.
CMYK = base64.b64decode(
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4L"
    "CxAWEBETFBUVFQwPFxgWFBgSFBUU/8AAFAgAEAAQBEMRAE0RAFkRAEsRAP/EABcAAQEBAQAAAAAAAAAAAAAAAAoJ"
    "AAj/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oADgRDAE0AWQBLAAA/AKppVJVKpirlUMzCrlUMVQqkKu5Uf//Z"
)


def smooth(height: int, width: int, seed: int = 7) -> Pixels:
    """A picture with soft gradients of colour, RGB."""
    coarse = np.random.default_rng(seed).integers(40, 216, (3, 4, 3), np.uint8)
    picture: Pixels = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return picture


def noise(height: int, width: int, seed: int = 7) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def jpeg(picture: Pixels, *, quality: int = 95, progressive: bool = False) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)]
    return encoded(".jpg", picture, options)


def webp(picture: Pixels, *, quality: int = 90) -> bytes:
    """Lossy, or lossless with a quality of 101."""
    return encoded(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])


def encoded(suffix: str, picture: Pixels, options: list[int] | None = None) -> bytes:
    channels = picture[..., ::-1] if picture.ndim == 3 else picture
    _, data = cv2.imencode(suffix, channels, options or [])
    return bytes(data.tobytes())


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def with_segment(picture: bytes, marker: int, content: bytes) -> bytes:
    """A JPEG with one more segment right after its start."""
    return picture[:2] + segment(marker, content) + picture[2:]


def exif(orientation: int, order: str = "<") -> bytes:
    """A TIFF block with one entry, the orientation (`order` as in `struct`)."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(f"{order}HHIHH", 274, 3, 1, orientation, 0)
    return start + struct.pack(f"{order}IH", 8, 1) + entry + bytes(4)


def jpeg_with_exif(picture: bytes, orientation: int, order: str = "<") -> bytes:
    return with_segment(picture, 0xE1, b"Exif\0\0" + exif(orientation, order))


def chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def png(
    size: tuple[int, int], depth: int, colour: int, rows: bytes, *, before_data: bytes = b""
) -> bytes:
    """A PNG of `rows`, each of which begins with its filter byte 0; colour is the PNG's type."""
    header = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + before_data
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def png_of(picture: Pixels, *, before_data: bytes = b"") -> bytes:
    height, width = picture.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in picture)
    return png((width, height), 8, 2, rows, before_data=before_data)


def extended_webp(
    picture: bytes, size: tuple[int, int], *, flags: int, after: bytes = b""
) -> bytes:
    """The extended format (RFC 9649) around the data of a simple WebP."""
    canvas = b"".join((side - 1).to_bytes(3, "little") for side in size)
    header = b"VP8X" + struct.pack("<I", 10) + bytes((flags, 0, 0, 0)) + canvas
    body = b"WEBP" + header + picture[12:] + after
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_with_exif(picture: bytes, size: tuple[int, int], orientation: int) -> bytes:
    block = exif(orientation)
    content = b"EXIF" + struct.pack("<I", len(block)) + block + bytes(len(block) & 1)
    return extended_webp(picture, size, flags=0x08, after=content)
