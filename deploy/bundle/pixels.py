"""From encoded bytes to the network's pixels: decode and resize, defined to the letter.

Trainer's evaluation, deploy's parity and edge's CPU path all call this; a GPU path is compared
with it. The definition:

1. **Formats** are JPEG, PNG and WebP, told by their first bytes; an animated PNG or WebP is
   refused. Everything else, and every picture that is cut short or damaged, is a `BadFrame`. Bytes
   after the end of a picture are ignored: many cameras pad.
2. **Limits** on bytes and on pixels are checked from the header, before anything is decoded.
3. **JPEG** is decoded by libjpeg-turbo (fast integer DCT, fast chroma upsampling, warnings are
   errors), DCT-scaled to 1/8, 1/4 or 1/2, the smallest that still has at least the target's width
   and height after rotation and cropping (those inside the bars of a letterbox); a picture with a
   side under 8 pixels is never scaled. What comes out is RGB: grey is repeated; CMYK and YCCK,
   taken as inverted as Adobe stores them (255 is no ink), become (C·K, M·K, Y·K) / 255, rounded.
   A progressive JPEG has at most 100 scans.
4. **PNG and WebP** are decoded by OpenCV to 8 bits and three channels: grey and palettes become
   RGB, 1, 2 and 4 bits are stretched to 0…255, 16 bits keep their upper byte, transparency of any
   kind is dropped and leaves the colour that is stored, gamma and colour profiles are ignored.
5. **EXIF orientation** is applied, so that the picture stands upright. It is read from a JPEG's
   APP1 before the frame header, a PNG's eXIf before the picture, a WebP's EXIF chunk; a value that
   is not 1…8 counts as upright.
6. **Resize**: `squash` scales both axes freely; `center-crop` first cuts the largest centred
   rectangle of the target's aspect; `letterbox` scales by one factor and pads evenly with grey 114.
   Sides are rounded half to even and at least 1; an odd pixel of cut or padding goes right or down.
7. **Filter**: `area` is OpenCV's INTER_AREA where neither axis grows and INTER_LINEAR otherwise;
   `bilinear` is INTER_LINEAR always.
"""

from typing import TypeAlias

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from deploy.bundle.errors import BadFrame
from deploy.bundle.header import ImageHeader, is_cut_short, read_header
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.placement import place

Pixels: TypeAlias = NDArray[np.uint8]

LETTERBOX_GREY = 114
_SCALES = (8, 4, 2)
_CMYK_CHANNELS = 4
_DCT_BLOCK = 8
_MEGA = 1_000_000

# A damaged picture is an outcome that is told to whoever asked, not news for stderr. OpenCV 4 has
# the function elsewhere than OpenCV 5.
_SILENT = 0
getattr(cv2.utils, "logging", cv2).setLogLevel(_SILENT)


def frame_to_pixels(data: bytes | memoryview, spec: InputSpec, limits: Limits) -> Pixels:
    """Decode and resize one encoded frame.

    Returns:
        uint8 [spec.height, spec.width, 3], RGB, contiguous.

    Raises:
        BadFrame: empty, not an image, cut short, damaged, animated, or over a limit.
    """
    return resize(decode(data, spec, limits), spec)


def decode(data: bytes | memoryview, spec: InputSpec, limits: Limits) -> Pixels:
    """Decode to RGB, upright, at the smallest DCT scale that the target allows.

    Returns:
        uint8 [H, W, 3], RGB.

    Raises:
        BadFrame: empty, not an image, cut short, damaged, animated, or over a limit.
    """
    header = check(data, limits)
    if header.format == "jpeg":
        picture = _decode_jpeg(data, header, spec)
    else:
        picture = _decode_png_or_webp(data, header)
    return upright(picture, header.orientation)


def check(data: bytes | memoryview, limits: Limits) -> ImageHeader:
    """What the frame says of itself, before anything is decoded.

    Raises:
        BadFrame: empty, not an image, cut short within its header, animated, or over a limit.
    """
    _check_bytes(data, limits)
    header = read_header(data)
    _check_pixels(header, limits)
    return header


def resize(picture: Pixels, spec: InputSpec) -> Pixels:
    """Bring a decoded picture, uint8 [H, W, 3], to uint8 [spec.height, spec.width, 3]."""
    height, width = picture.shape[:2]
    placed = place(width, height, spec)
    crop, inner = placed.crop, placed.inner
    scaled: Pixels = cv2.resize(
        picture[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width],
        (inner.width, inner.height),
        interpolation=cv2.INTER_AREA if placed.area else cv2.INTER_LINEAR,
    )
    if (inner.width, inner.height) == (spec.width, spec.height):
        return scaled
    canvas = np.full((spec.height, spec.width, 3), LETTERBOX_GREY, np.uint8)
    canvas[inner.top : inner.top + inner.height, inner.left : inner.left + inner.width] = scaled
    return canvas


def _check_bytes(data: bytes | memoryview, limits: Limits) -> None:
    if len(data) == 0:
        raise BadFrame("empty", "the frame has no bytes")
    if len(data) > limits.max_bytes:
        raise BadFrame(
            "too-many-bytes", f"the frame has {len(data)} bytes, the limit is {limits.max_bytes}"
        )


def _check_pixels(header: ImageHeader, limits: Limits) -> None:
    if header.width * header.height > limits.max_pixels:
        raise BadFrame(
            "too-many-pixels",
            f"the picture has {header.width}x{header.height} pixels, "
            f"the limit is {limits.max_pixels / _MEGA:g} million",
        )


def _decode_jpeg(data: bytes | memoryview, header: ImageHeader, spec: InputSpec) -> Pixels:
    scale = _dct_scale(header, spec)
    is_cmyk = header.channels == _CMYK_CHANNELS
    try:
        picture: Pixels = simplejpeg.decode_jpeg(
            data,
            colorspace="CMYK" if is_cmyk else "RGB",
            fastdct=True,
            fastupsample=True,
            min_height=-(-header.height // scale),
            min_width=-(-header.width // scale),
        )
    except ValueError as error:
        reason = "truncated" if "Premature end" in str(error) else "undecodable"
        raise BadFrame(reason, f"the JPEG cannot be decoded: {error}") from error
    return _ink_to_rgb(picture) if is_cmyk else picture


def _ink_to_rgb(picture: Pixels) -> Pixels:
    """Inverted CMYK, uint8 [H, W, 4], 255 is no ink, to RGB."""
    rgb: Pixels = cv2.multiply(
        picture[..., :3], np.repeat(picture[..., 3:], 3, axis=2), scale=1 / 255
    )
    return rgb


def _decode_png_or_webp(data: bytes | memoryview, header: ImageHeader) -> Pixels:
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        picture: Pixels | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise BadFrame("undecodable", f"the picture cannot be decoded: {error}") from error
    if picture is not None:
        return picture
    if is_cut_short(data, header):
        raise BadFrame("truncated", "the picture is cut short")
    raise BadFrame("undecodable", "the picture is damaged")


def _dct_scale(header: ImageHeader, spec: InputSpec) -> int:
    """The largest divisor of the size that leaves at least the target's pixels in use."""
    width, height = header.upright_size
    if min(width, height) < _DCT_BLOCK:
        return 1
    need_width, need_height = _source_needed(width, height, spec)
    for scale in _SCALES:
        if width >= need_width * scale and height >= need_height * scale:
            return scale
    return 1


def _source_needed(width: int, height: int, spec: InputSpec) -> tuple[float, float]:
    """Width and height that a picture of this aspect needs so that the resize only shrinks."""
    if spec.resize == "squash":
        return spec.width, spec.height
    by_width, by_height = spec.width / width, spec.height / height
    factor = max(by_width, by_height) if spec.resize == "center-crop" else min(by_width, by_height)
    return width * factor, height * factor


def upright(picture: Pixels, orientation: int) -> Pixels:
    """Undo an EXIF orientation (1…8, TIFF 6.0 tag 274)."""
    if orientation in (5, 6, 7, 8):
        picture = picture.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    if orientation in (3, 4, 7, 8):
        picture = picture[::-1]
    return np.ascontiguousarray(picture)
