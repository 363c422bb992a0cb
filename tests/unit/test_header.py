"""What a picture says of itself is read without decoding, and never trusted further than that."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.bundle.errors import BadFrame
from deploy.bundle.header import ImageHeader, read_header
from tests import encoded

PICTURE = encoded.noise(24, 32)
JPEG = encoded.jpeg(PICTURE)
PNG = encoded.png_of(PICTURE)
WEBP = encoded.webp(PICTURE)
LOSSLESS = encoded.webp(PICTURE, quality=101)
ORDERS = pytest.mark.parametrize("order", ["<", ">"])
ORIENTATIONS = pytest.mark.parametrize("orientation", range(1, 9))


def refusal(data: bytes) -> BadFrame:
    with pytest.raises(BadFrame) as caught:
        read_header(data)
    return caught.value


def header_or_reason(data: bytes) -> tuple[ImageHeader | None, str]:
    try:
        return read_header(data), ""
    except BadFrame as error:
        return None, error.reason


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (JPEG, ImageHeader("jpeg", 32, 24, 3)),
        (encoded.jpeg(PICTURE, progressive=True), ImageHeader("jpeg", 32, 24, 3, 1, True)),
        (encoded.jpeg(PICTURE[..., 0]), ImageHeader("jpeg", 32, 24, 1)),
        (encoded.CMYK, ImageHeader("jpeg", 16, 16, 4)),
        (PNG, ImageHeader("png", 32, 24, 3)),
        (WEBP, ImageHeader("webp", 32, 24, 3)),
        (LOSSLESS, ImageHeader("webp", 32, 24, 3)),
        (encoded.extended_webp(WEBP, (32, 24), flags=0), ImageHeader("webp", 32, 24, 3)),
    ],
    ids=["jpeg", "progressive", "grey", "cmyk", "png", "webp", "webp-lossless", "webp-extended"],
)
def test_format_size_and_channels_are_read(data: bytes, expected: ImageHeader) -> None:
    assert read_header(data) == expected
    assert read_header(memoryview(data)) == expected


@ORDERS
@ORIENTATIONS
def test_orientation_is_read_from_exif_in_either_byte_order(order: str, orientation: int) -> None:
    assert read_header(encoded.jpeg_with_exif(JPEG, orientation, order)).orientation == orientation
    block = encoded.chunk(b"eXIf", encoded.exif(orientation, order))
    assert read_header(encoded.png_of(PICTURE, before_data=block)).orientation == orientation
    webp = encoded.webp_with_exif(WEBP, (32, 24), orientation)
    assert read_header(webp).orientation == orientation


def test_the_upright_size_swaps_the_sides_of_a_picture_that_lies_on_its_side() -> None:
    sizes = [ImageHeader("jpeg", 4, 3, 3, turned).upright_size for turned in range(1, 9)]
    assert sizes == [(4, 3)] * 4 + [(3, 4)] * 4


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_counts_as_upright(orientation: int) -> None:
    assert read_header(encoded.jpeg_with_exif(JPEG, orientation)).orientation == 1


@pytest.mark.parametrize(
    "block",
    [b"", b"II", b"XX*\0\x08\0\0\0", b"II*\0\xff\xff\xff\xff", encoded.exif(6)[:14]],
    ids=["empty", "cut", "unknown-order", "directory-far-away", "entry-cut"],
)
def test_damaged_exif_does_not_damage_the_frame(block: bytes) -> None:
    data = encoded.with_segment(JPEG, 0xE1, b"Exif\0\0" + block)
    assert read_header(data) == ImageHeader("jpeg", 32, 24, 3)


def test_an_app1_segment_that_is_not_exif_says_nothing_of_orientation() -> None:
    xmp = encoded.with_segment(JPEG, 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")
    assert read_header(xmp).orientation == 1
    both = encoded.with_segment(encoded.jpeg_with_exif(JPEG, 6), 0xE1, b"http://ns.adobe.com")
    assert read_header(both).orientation == 6


def test_fill_bytes_before_a_marker_are_passed_over() -> None:
    assert read_header(JPEG[:2] + b"\xff" * 9 + JPEG[2:]).width == 32


@pytest.mark.parametrize(
    "data",
    [b"not a picture", b"\0" * 64, b"GIF89a\x01\0\x01\0", b"BM" + bytes(60), b"II*\0" + bytes(60)],
    ids=["text", "zeros", "gif", "bmp", "tiff"],
)
def test_what_is_no_jpeg_png_or_webp_is_not_an_image(data: bytes) -> None:
    error = refusal(data)
    assert error.reason == "not-an-image"
    assert str(error).startswith("expected JPEG, PNG or WebP, found bytes b'")


@given(st.integers(2, JPEG.index(b"\xff\xc0") + 8))
def test_a_jpeg_cut_within_its_header_is_truncated(cut: int) -> None:
    error = refusal(JPEG[:cut])
    assert error.reason == "truncated"
    assert str(error) == "the picture ends within its header"


@pytest.mark.parametrize("data", [PNG[:20], WEBP[:24], LOSSLESS[:22]])
def test_a_png_or_webp_cut_within_its_header_is_truncated(data: bytes) -> None:
    assert refusal(data).reason == "truncated"


def test_a_picture_without_an_area_is_refused() -> None:
    size = JPEG.index(b"\xff\xc0") + 5
    error = refusal(JPEG[:size] + struct.pack(">HH", 0, 32) + JPEG[size + 4 :])
    assert (error.reason, str(error)) == ("undecodable", "the picture is 32x0 pixels")


def test_animations_are_refused_because_a_frame_is_one_picture() -> None:
    apng = encoded.png_of(PICTURE, before_data=encoded.chunk(b"acTL", struct.pack(">II", 2, 0)))
    for data in (apng, encoded.extended_webp(WEBP, (32, 24), flags=0x02)):
        error = refusal(data)
        assert error.reason == "animated"
        assert "is an animation, expected a single picture" in str(error)


def test_a_png_must_begin_with_its_header() -> None:
    error = refusal(PNG[:8] + encoded.chunk(b"tEXt", b"comment\0hello") + PNG[8:])
    assert "begins with chunk b'tEXt', expected IHDR" in str(error)


def test_a_webp_of_an_unknown_kind_is_named() -> None:
    assert "unknown chunk b'VP9 '" in str(refusal(WEBP[:12] + b"VP9 " + WEBP[16:]))


def test_a_scan_before_the_frame_header_is_refused() -> None:
    assert "no frame header before its scan" in str(refusal(b"\xff\xd8\xff\xda\0\x08" + bytes(20)))


def test_bytes_between_segments_are_refused_with_their_place() -> None:
    assert "no marker at byte 2" in str(refusal(b"\xff\xd8junk" + JPEG[2:]))


@pytest.mark.parametrize("filling", [b"\xff", b"\xff\xd0", b"\xff\xe0\0\x02"])
def test_megabytes_of_empty_segments_are_given_up_early(filling: bytes) -> None:
    data = b"\xff\xd8" + filling * ((4 << 20) // len(filling)) + JPEG[2:]
    assert "no frame header in 4096 segments" in str(refusal(data))


def test_a_progressive_jpeg_of_thousands_of_scans_is_refused() -> None:
    progressive = encoded.jpeg(PICTURE, progressive=True)
    scan = encoded.segment(0xDA, b"\x01\x01\0\0\0\0")
    error = refusal(progressive[:-2] + scan * 5000 + progressive[-2:])
    assert error.reason == "undecodable"
    assert "scans, the limit is 100" in str(error)


@given(
    st.sampled_from([b"", JPEG[:2], JPEG[:20], PNG[:8], PNG[:33], WEBP[:12], LOSSLESS[:16]]),
    st.binary(max_size=400),
)
def test_whatever_the_bytes_are_only_a_bad_frame_comes_out(start: bytes, rest: bytes) -> None:
    header, reason = header_or_reason(start + rest)
    if header is None:
        assert reason in {"not-an-image", "truncated", "undecodable", "animated"}
    else:
        assert header.width > 0
        assert header.height > 0
        assert header.orientation in range(1, 9)


def test_reading_leaves_the_bytes_alone() -> None:
    data = np.frombuffer(JPEG, np.uint8).copy()
    read_header(memoryview(data.data))
    assert data.tobytes() == JPEG


@pytest.mark.parametrize("length", [5000, 1 << 31, (1 << 32) - 1])
def test_a_png_chunk_that_says_it_is_longer_than_the_frame_is_refused_before_it_is_believed(
    length: int,
) -> None:
    picture = bytearray(encoded.encoded(".png", encoded.smooth(8, 8)))
    at = picture.index(b"IDAT") - 4
    picture[at : at + 4] = struct.pack(">I", length)
    with pytest.raises(BadFrame, match="longer than the frame") as refused:
        read_header(bytes(picture))
    assert refused.value.reason == "truncated"
