"""What an encoded picture says of itself before it is decoded: format, size, orientation."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from deploy.bundle.errors import BadFrame

Format: TypeAlias = Literal["jpeg", "png", "webp"]

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_EXIF = b"Exif\0\0"
_ORIENTATION_TAG = 274
_UPRIGHT = 1
# SOF0…SOF15 without DHT (C4), JPG (C8) and DAC (CC): ITU-T T.81, table B.1.
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA
_APP1 = 0xE1
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_PROGRESSIVE = frozenset({0xC2, 0xCA})
# A picture has a dozen; each is a pass over all of it, so thousands of empty ones are an attack.
_MOST_SCANS = 100
# Cameras write a dozen, a large colour profile some 250.
_MOST_SEGMENTS = 4096
_ANIMATION_FLAG = 0x02


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """Size is as stored, before `orientation` (EXIF, 1…8) turns the picture upright."""

    format: Format
    width: int
    height: int
    channels: int
    orientation: int = _UPRIGHT
    progressive: bool = False
    """A JPEG that comes in several scans, each a pass over the whole picture."""

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height once the picture stands upright."""
        if self.orientation >= 5:  # noqa: PLR2004 - 5…8 swap the axes
            return self.height, self.width
        return self.width, self.height


def read_header(data: bytes | memoryview) -> ImageHeader:
    """Read size, channels and orientation without decoding.

    Raises:
        BadFrame: not a JPEG, PNG or WebP, an animation, or cut short within its header.
    """
    start = bytes(data[:16])
    try:
        if start.startswith(b"\xff\xd8"):
            header = _jpeg(data)
        elif start.startswith(_PNG_MAGIC):
            header = _png(data)
        elif start[:4] == b"RIFF" and start[8:12] == b"WEBP":
            header = _webp(data)
        else:
            raise BadFrame("not-an-image", f"expected JPEG, PNG or WebP, found bytes {start!r}")
    except (IndexError, struct.error) as error:
        raise BadFrame("truncated", "the picture ends within its header") from error
    if header.width == 0 or header.height == 0:
        raise BadFrame("undecodable", f"the picture is {header.width}x{header.height} pixels")
    return header


def is_cut_short(data: bytes | memoryview, header: ImageHeader) -> bool:
    """Whether a PNG or WebP ends before the end that it announces."""
    if header.format == "webp":
        announced = int.from_bytes(bytes(data[4:8]), "little")
        return len(data) < 8 + announced
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        at += 12 + length
        if kind == b"IEND" and at <= len(data):
            return False
    return True


def _jpeg(data: bytes | memoryview) -> ImageHeader:
    """Walk the marker segments up to the frame header (ITU-T T.81, annex B)."""
    orientation = _UPRIGHT
    at = 2
    for _ in range(_MOST_SEGMENTS):
        if data[at] != 0xFF:  # noqa: PLR2004 - every marker begins so
            raise BadFrame("undecodable", f"the JPEG has no marker at byte {at}")
        marker = data[at + 1]
        if marker == 0xFF:  # noqa: PLR2004 - a fill byte
            at += 1
            continue
        if marker in _STANDALONE:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker in _FRAME_MARKERS:
            height, width, channels = struct.unpack_from(">xHHB", data, at + 4)
            progressive = marker in _PROGRESSIVE
            if progressive:
                _refuse_many_scans(data)
            return ImageHeader("jpeg", width, height, channels, orientation, progressive)
        if marker == _APP1:
            orientation = _exif_orientation(bytes(data[at + 4 : at + 2 + length]), orientation)
        if marker == _START_OF_SCAN:
            raise BadFrame("undecodable", "the JPEG has no frame header before its scan")
        at += 2 + length
    raise BadFrame("undecodable", f"the JPEG has no frame header in {_MOST_SEGMENTS} segments")


def _refuse_many_scans(data: bytes | memoryview) -> None:
    scans = bytes(data).count(bytes((0xFF, _START_OF_SCAN)))
    if scans > _MOST_SCANS:
        raise BadFrame(
            "undecodable", f"the progressive JPEG has {scans} scans, the limit is {_MOST_SCANS}"
        )


def _png(data: bytes | memoryview) -> ImageHeader:
    """Read the first chunk and what stands before the picture's data (PNG, third edition)."""
    first, width, height = struct.unpack_from(">4sII", data, 12)
    if first != b"IHDR":
        raise BadFrame("undecodable", f"the PNG begins with chunk {first!r}, expected IHDR")
    orientation, before_picture = _UPRIGHT, True
    for kind, content in _png_chunks(data):
        before_picture = before_picture and kind != b"IDAT"
        if before_picture and kind == b"acTL":
            raise BadFrame("animated", "the PNG is an animation, expected a single picture")
        if before_picture and kind == b"eXIf":
            orientation = _exif_orientation(_EXIF + bytes(content), _UPRIGHT)
    return ImageHeader("png", width, height, 3, orientation)


def _png_chunks(data: bytes | memoryview) -> Iterator[tuple[bytes, bytes | memoryview]]:
    """Kind and content of each chunk up to the last one.

    Raises:
        BadFrame: one says that it is longer than the frame. OpenCV believes it, and takes up to
            four gigabytes for a picture of two kilobytes.
    """
    at, kind = 8, b""
    while at + 8 <= len(data) and kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        if at + 8 + length > len(data):
            raise BadFrame("truncated", f"chunk {kind!r} of the PNG is longer than the frame")
        yield kind, data[at + 8 : at + 8 + length]
        at += 12 + length


def _webp(data: bytes | memoryview) -> ImageHeader:
    """Read the size of a simple or extended WebP (RFC 9649)."""
    kind = bytes(data[12:16])
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return ImageHeader("webp", width & 0x3FFF, height & 0x3FFF, 3)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return ImageHeader("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, 3)
    if kind == b"VP8X":
        packed = int.from_bytes(bytes(data[24:30]), "little")
        if len(data) < 30:  # noqa: PLR2004 - the fixed header of the extended format
            raise IndexError
        if data[20] & _ANIMATION_FLAG:
            raise BadFrame("animated", "the WebP is an animation, expected a single picture")
        width, height = (packed & 0xFFFFFF) + 1, (packed >> 24) + 1
        return ImageHeader("webp", width, height, 3, _webp_orientation(data))
    raise BadFrame("undecodable", f"the WebP begins with an unknown chunk {kind!r}")


def _webp_orientation(data: bytes | memoryview) -> int:
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind == b"EXIF":
            exif = bytes(data[at + 8 : at + 8 + length])
            return _exif_orientation(exif if exif.startswith(_EXIF) else _EXIF + exif, _UPRIGHT)
        at += 8 + length + (length & 1)
    return _UPRIGHT


def _exif_orientation(segment: bytes, otherwise: int) -> int:
    """The orientation tag of the first image directory (TIFF 6.0), or `otherwise`."""
    if not segment.startswith(_EXIF):
        return otherwise
    tiff = segment[len(_EXIF) :]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return otherwise
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for entry in range(entries):
            tag, value = struct.unpack_from(f"{order}H6xH", tiff, directory + 2 + 12 * entry)
            if tag == _ORIENTATION_TAG:
                return value if 1 <= value <= 8 else otherwise  # noqa: PLR2004 - TIFF 6.0
    except struct.error:
        pass
    return otherwise
