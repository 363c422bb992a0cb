"""The definition in `deploy/bundle/pixels.py`, sentence by sentence."""

import contextlib
import struct
import zlib

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st

from deploy.bundle.errors import BadFrame
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import Filter, InputSpec, Resize
from deploy.bundle.pixels import Pixels, decode, frame_to_pixels, resize
from tests import encoded

LIMITS = Limits()
FULL = InputSpec(8192, 8192)
"""So large a target that nothing is DCT-scaled."""
NOISE = encoded.noise(24, 32)
JPEG = encoded.jpeg(NOISE)
PROGRESSIVE = encoded.jpeg(NOISE, progressive=True)
PNG = encoded.png_of(NOISE)
LOSSY = encoded.webp(NOISE)
LOSSLESS = encoded.webp(NOISE, quality=101)
PICTURES = [JPEG, PROGRESSIVE, encoded.CMYK, PNG, LOSSY, LOSSLESS]
RESIZES: tuple[Resize, ...] = ("squash", "center-crop", "letterbox")
FILTERS: tuple[Filter, ...] = ("area", "bilinear")


def refusal(data: bytes, limits: Limits = LIMITS) -> BadFrame:
    with pytest.raises(BadFrame) as caught:
        frame_to_pixels(data, InputSpec(8, 8), limits)
    return caught.value


def whole(data: bytes) -> Pixels:
    return decode(data, FULL, LIMITS)


def apart(left: Pixels, right: Pixels) -> float:
    """Mean absolute difference in grey levels."""
    return float(np.abs(left.astype(int) - right).mean())


# Formats


def test_no_bytes_are_empty() -> None:
    assert (refusal(b"").reason, str(refusal(b""))) == ("empty", "the frame has no bytes")


@pytest.mark.parametrize("suffix", [".bmp", ".tiff", ".gif", ".ppm"])
def test_formats_that_opencv_could_read_are_refused_all_the_same(suffix: str) -> None:
    if not cv2.haveImageWriter(f"picture{suffix}"):
        pytest.skip(f"OpenCV {cv2.__version__} writes no {suffix}")
    data = encoded.encoded(suffix, NOISE)
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is not None
    assert refusal(data).reason == "not-an-image"


@pytest.mark.parametrize("picture", PICTURES, ids=range(len(PICTURES)))
def test_a_view_decodes_like_the_bytes(picture: bytes) -> None:
    np.testing.assert_array_equal(decode(memoryview(picture), FULL, LIMITS), whole(picture))


@given(st.data(), st.sampled_from([JPEG, PROGRESSIVE, encoded.CMYK, encoded.jpeg(NOISE[..., 0])]))
def test_a_jpeg_cut_anywhere_is_a_bad_frame(data: st.DataObject, picture: bytes) -> None:
    cut = data.draw(st.integers(2, len(picture) - 1))
    assert refusal(picture[:cut]).reason in {"truncated", "undecodable"}


def test_a_jpeg_cut_in_its_scan_is_truncated() -> None:
    for picture in (JPEG, PROGRESSIVE, encoded.CMYK):
        error = refusal(picture[:-9])
        assert error.reason == "truncated"
        assert "Premature end of JPEG file" in str(error)


@given(st.data(), st.sampled_from([PNG, LOSSY, LOSSLESS]))
def test_a_png_or_webp_cut_anywhere_is_truncated(data: st.DataObject, picture: bytes) -> None:
    cut = data.draw(st.integers(16, len(picture) - 3))
    assert refusal(picture[:cut]).reason == "truncated"


@pytest.mark.parametrize("picture", PICTURES, ids=range(len(PICTURES)))
@pytest.mark.parametrize("padding", [bytes(100), b"\r\n", bytes(range(256)), JPEG])
def test_bytes_after_the_end_of_a_picture_are_ignored(picture: bytes, padding: bytes) -> None:
    np.testing.assert_array_equal(whole(picture + padding), whole(picture))


def test_a_jpeg_with_a_wrong_huffman_table_is_undecodable() -> None:
    at = JPEG.index(b"\xff\xc4") + 5
    counts = JPEG[:at] + b"\xff" * 16 + JPEG[at + 16 :]
    values = JPEG[: at + 16] + bytes(byte ^ 0x55 for byte in JPEG[at + 16 : at + 26])
    for damaged in (counts, values + JPEG[at + 26 :]):
        assert refusal(damaged).reason == "undecodable"


def test_a_jpeg_of_two_channels_is_undecodable() -> None:
    at = JPEG.index(b"\xff\xc0") + 9
    assert refusal(JPEG[:at] + b"\x02" + JPEG[at + 1 :]).reason == "undecodable"


def test_a_png_whose_checksum_fails_is_undecodable() -> None:
    at = len(PNG) // 2
    error = refusal(PNG[:at] + bytes((PNG[at] ^ 0xFF,)) + PNG[at + 1 :])
    assert (error.reason, str(error)) == ("undecodable", "the picture is damaged")


@given(st.sampled_from(PICTURES), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255))))
def test_damaged_bytes_give_pixels_or_a_bad_frame_and_nothing_else(
    picture: bytes, damage: list[tuple[float, int]]
) -> None:
    data = bytearray(picture)
    for place, value in damage:
        data[int(place * (len(data) - 1))] = value
    limits = Limits(max_pixels=100_000)
    with contextlib.suppress(BadFrame):
        assert frame_to_pixels(bytes(data), InputSpec(8, 8), limits).shape == (8, 8, 3)


@given(st.sampled_from([b"", b"\xff\xd8\xff", PNG[:33], LOSSY[:30], LOSSLESS[:25]]), st.binary())
def test_bytes_from_nowhere_are_a_bad_frame(start: bytes, rest: bytes) -> None:
    assert refusal(start + rest).reason


def test_decoding_bad_frames_writes_nothing_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    for picture in PICTURES:
        refusal(picture[:-12])
    said = capfd.readouterr()
    assert not said.out
    assert all("png" in line or line.startswith("[") for line in said.err.splitlines())


# Limits


def test_a_frame_of_too_many_bytes_is_refused() -> None:
    error = refusal(JPEG, Limits(max_bytes=len(JPEG) - 1))
    assert error.reason == "too-many-bytes"
    assert str(error) == f"the frame has {len(JPEG)} bytes, the limit is {len(JPEG) - 1}"
    frame_to_pixels(JPEG, InputSpec(8, 8), Limits(max_bytes=len(JPEG)))


def test_a_picture_of_too_many_pixels_is_refused_by_its_header_alone() -> None:
    size = JPEG.index(b"\xff\xc0") + 5
    error = refusal(JPEG[:size] + struct.pack(">HH", 9000, 12000))
    assert refusal(JPEG[:size] + struct.pack(">HHB", 9000, 12000, 3)).reason == "too-many-pixels"
    assert error.reason == "truncated"  # the channels are part of the header
    bomb = encoded.png((50_000, 50_000), 1, 0, b"")
    webp = encoded.extended_webp(LOSSY, (16_384, 16_384), flags=0)
    for data, found in ((bomb, "50000x50000"), (webp, "16384x16384")):
        error = refusal(data)
        assert error.reason == "too-many-pixels"
        assert str(error) == f"the picture has {found} pixels, the limit is 40 million"


def test_a_tiny_png_that_inflates_to_gigabytes_of_text_costs_nothing() -> None:
    bomb = zlib.compress(bytes(40 << 20), 9)
    for kind, head in ((b"zTXt", b"k\0\0"), (b"iTXt", b"k\0\1\0\0\0"), (b"iCCP", b"k\0\0")):
        data = encoded.png_of(NOISE, before_data=encoded.chunk(kind, head + bomb))
        np.testing.assert_array_equal(whole(data), NOISE)


def test_a_png_that_promises_more_rows_than_it_holds_is_undecodable() -> None:
    assert refusal(encoded.png((2000, 2000), 8, 2, bytes(1000))).reason == "undecodable"


# JPEG


def test_a_jpeg_is_rgb_and_progressive_is_the_same_picture() -> None:
    picture = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    for progressive in (False, True):
        decoded = whole(encoded.jpeg(picture, progressive=progressive))
        assert apart(decoded, picture) <= 1


def test_a_jpeg_is_decoded_by_libjpeg_turbo_fast_and_unscaled() -> None:
    expected = simplejpeg.decode_jpeg(JPEG, fastdct=True, fastupsample=True)
    np.testing.assert_array_equal(whole(JPEG), expected)


def test_a_grey_jpeg_repeats_its_channel() -> None:
    decoded = whole(encoded.jpeg(NOISE[..., 0]))
    assert decoded.shape == NOISE.shape
    assert (decoded == decoded[..., :1]).all()


def test_an_adobe_cmyk_jpeg_has_the_colours_that_were_printed() -> None:
    decoded = whole(encoded.CMYK)
    corners = decoded[[0, 0, -1, -1], [0, -1, 0, -1]]
    expected = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (191, 95, 0)]
    np.testing.assert_allclose(corners, expected, atol=2)


def test_cmyk_is_ink_times_black_rounded() -> None:
    ink = simplejpeg.decode_jpeg(encoded.CMYK, "CMYK", fastdct=True, fastupsample=True)
    expected = np.rint(ink[..., :3].astype(float) * ink[..., 3:] / 255)
    np.testing.assert_array_equal(whole(encoded.CMYK), expected)


def test_ycck_is_turned_to_cmyk_first() -> None:
    """The same scan under Adobe's transform 2: its first three channels are luma and chroma."""
    ink = simplejpeg.decode_jpeg(encoded.CMYK, "CMYK", fastdct=True, fastupsample=True).astype(
        float
    )
    at = encoded.CMYK.index(b"Adobe") + 11
    ycck = encoded.CMYK[:at] + b"\x02" + encoded.CMYK[at + 1 :]
    luma, blue, red, black = np.moveaxis(ink, -1, 0)
    blue, red = blue - 128, red - 128
    rgb = [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue]
    expected = (255 - np.clip(np.stack(rgb, -1), 0, 255)) * black[..., None] / 255
    np.testing.assert_allclose(whole(ycck), expected, atol=2)


@pytest.mark.parametrize(
    ("size", "spec", "expected"),
    [
        ((720, 1280), InputSpec(160, 90), (90, 160)),
        ((720, 1280), InputSpec(161, 90), (180, 320)),
        ((720, 1280), InputSpec(224, 224), (360, 640)),
        ((720, 1280), InputSpec(641, 10), (720, 1280)),
        ((720, 1280), InputSpec(224, 224, "center-crop"), (360, 640)),
        ((720, 1280), InputSpec(90, 90, "center-crop"), (90, 160)),
        ((720, 1280), InputSpec(91, 91, "center-crop"), (180, 320)),
        ((720, 1280), InputSpec(160, 160, "letterbox"), (90, 160)),
        ((720, 1280), InputSpec(161, 161, "letterbox"), (180, 320)),
        ((721, 1281), InputSpec(160, 90), (91, 161)),
        ((7, 700), InputSpec(1, 1), (7, 700)),
    ],
)
def test_a_jpeg_is_scaled_as_far_down_as_the_target_allows(
    size: tuple[int, int], spec: InputSpec, expected: tuple[int, int]
) -> None:
    data = encoded.jpeg(encoded.smooth(*size))
    assert decode(data, spec, LIMITS).shape[:2] == expected


def test_the_target_is_compared_with_the_upright_picture() -> None:
    lying = encoded.jpeg_with_exif(encoded.jpeg(encoded.smooth(720, 1280)), 6)
    assert decode(lying, InputSpec(90, 160), LIMITS).shape == (160, 90, 3)
    assert decode(lying, InputSpec(160, 90), LIMITS).shape == (320, 180, 3)


@pytest.mark.parametrize("how", RESIZES)
@pytest.mark.parametrize("size", [(480, 640), (721, 1283), (1080, 1920)])
def test_scaling_within_the_decoder_is_close_to_scaling_after_it(
    how: Resize, size: tuple[int, int]
) -> None:
    data = encoded.jpeg(encoded.smooth(*size))
    spec = InputSpec(112, 96, how)
    assert decode(data, spec, LIMITS).shape[0] < size[0]
    assert apart(frame_to_pixels(data, spec, LIMITS), resize(whole(data), spec)) <= 2


# PNG and WebP


def test_png_and_lossless_webp_keep_every_pixel() -> None:
    for data in (PNG, LOSSLESS, encoded.extended_webp(LOSSLESS, (32, 24), flags=0)):
        np.testing.assert_array_equal(whole(data), NOISE)


def test_lossy_webp_is_close_to_what_was_encoded() -> None:
    picture = encoded.smooth(240, 320)
    assert apart(whole(encoded.webp(picture)), picture) <= 2


@pytest.mark.parametrize("colour", [0, 2, 4, 6], ids=["grey", "rgb", "grey-alpha", "rgb-alpha"])
def test_sixteen_bits_keep_their_upper_byte(colour: int) -> None:
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    for value in (0x0000, 0x00FF, 0x0100, 0x017F, 0x01FF, 0x7F80, 0x80FF, 0xFF00, 0xFFFF):
        row = b"\0" + struct.pack(">H", value) * channels
        assert (whole(encoded.png((1, 1), 16, colour, row)) == value >> 8).all()


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_few_bits_of_grey_are_stretched_to_the_whole_range(depth: int) -> None:
    most = (1 << depth) - 1
    for value in range(most + 1):
        row = bytes((0, value << (8 - depth)))
        assert (whole(encoded.png((1, 1), depth, 0, row)) == value * 255 // most).all()


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_a_palette_becomes_its_colours_with_or_without_transparency(depth: int) -> None:
    palette = encoded.chunk(b"PLTE", bytes((255, 0, 10, 0, 20, 255)))
    row = b"\0\0\x01" if depth == 8 else bytes((0, 1 << (8 - 2 * depth)))
    for more in (b"", encoded.chunk(b"tRNS", b"\0\x80")):
        data = encoded.png((2, 1), depth, 3, row, before_data=palette + more)
        np.testing.assert_array_equal(whole(data), [[(255, 0, 10), (0, 20, 255)]])


@pytest.mark.parametrize("alpha", [0, 128, 255])
def test_transparency_is_dropped_and_the_stored_colour_stays(alpha: int) -> None:
    rgba = encoded.png((1, 1), 8, 6, bytes((0, 200, 100, 50, alpha)))
    np.testing.assert_array_equal(whole(rgba), [[(200, 100, 50)]])
    grey = encoded.png((1, 1), 8, 4, bytes((0, 200, alpha)))
    np.testing.assert_array_equal(whole(grey), [[(200, 200, 200)]])
    picture = np.dstack([encoded.smooth(16, 16), np.full((16, 16), alpha, np.uint8)])
    bgra = np.ascontiguousarray(picture[..., [2, 1, 0, 3]])
    _, webp = cv2.imencode(".webp", bgra, [cv2.IMWRITE_WEBP_QUALITY, 101])
    if alpha:  # the encoder itself forgets colour that cannot be seen
        np.testing.assert_array_equal(whole(webp.tobytes()), picture[..., :3])
    assert whole(webp.tobytes()).shape == (16, 16, 3)


def test_a_colour_declared_transparent_stays_as_it_is() -> None:
    declared = encoded.chunk(b"tRNS", struct.pack(">HHH", 255, 16, 32))
    data = encoded.png((1, 1), 8, 2, bytes((0, 255, 16, 32)), before_data=declared)
    np.testing.assert_array_equal(whole(data), [[(255, 16, 32)]])


def test_gamma_is_ignored() -> None:
    gamma = encoded.chunk(b"gAMA", struct.pack(">I", 100_000))
    np.testing.assert_array_equal(whole(encoded.png_of(NOISE, before_data=gamma)), NOISE)


# Orientation


def turned(upright: Pixels, orientation: int) -> Pixels:
    """How a camera that was held so stores the picture (EXIF 2.32, tag 274)."""
    stored: Pixels = {
        1: upright,
        2: np.fliplr(upright),
        3: np.rot90(upright, 2),
        4: np.flipud(upright),
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    return np.ascontiguousarray(stored)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_ends_upright(orientation: int) -> None:
    upright = encoded.smooth(96, 160)
    stored = turned(upright, orientation)
    height, width = stored.shape[:2]
    block = encoded.chunk(b"eXIf", encoded.exif(orientation))
    np.testing.assert_array_equal(whole(encoded.png_of(stored, before_data=block)), upright)
    webp = encoded.webp_with_exif(encoded.webp(stored, quality=101), (width, height), orientation)
    np.testing.assert_array_equal(whole(webp), upright)
    for order in "<>":
        jpeg = encoded.jpeg_with_exif(encoded.jpeg(stored), orientation, order)
        assert apart(whole(jpeg), upright) <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations_agree_with_opencv(orientation: int) -> None:
    data = encoded.jpeg_with_exif(encoded.jpeg(encoded.smooth(96, 160)), orientation)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert expected is not None
    assert expected.shape == whole(data).shape
    assert apart(whole(data), expected) <= 3


# Resize


@given(
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.builds(
        InputSpec,
        width=st.integers(1, 64),
        height=st.integers(1, 64),
        resize=st.sampled_from(RESIZES),
        filter=st.sampled_from(FILTERS),
    ),
)
def test_any_picture_comes_to_the_target_size(size: tuple[int, int], spec: InputSpec) -> None:
    picture = np.full((*size, 3), (10, 200, 90), np.uint8)
    pixels = resize(picture, spec)
    assert pixels.shape == (spec.height, spec.width, 3)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert not np.shares_memory(pixels, picture)
    colours = {tuple(colour) for colour in pixels.reshape(-1, 3).tolist()}
    bars = {(114, 114, 114)} if spec.resize == "letterbox" else set()
    assert {(10, 200, 90)} <= colours <= {(10, 200, 90)} | bars


@pytest.mark.parametrize("how", RESIZES)
@pytest.mark.parametrize("kind", FILTERS)
def test_a_picture_of_the_target_size_is_not_changed(how: Resize, kind: Filter) -> None:
    np.testing.assert_array_equal(resize(NOISE, InputSpec(32, 24, how, kind)), NOISE)


@pytest.mark.parametrize(
    ("size", "bars"),
    [
        ((50, 100), ("rows", 16, 48)),
        ((100, 50), ("columns", 16, 48)),
        ((64, 63), ("columns", 0, 63)),
    ],
)
def test_a_letterbox_pads_evenly_with_grey(
    size: tuple[int, int], bars: tuple[str, int, int]
) -> None:
    across, start, stop = bars
    pixels = resize(np.full((*size, 3), 9, np.uint8), InputSpec(64, 64, "letterbox"))
    pixels = pixels if across == "rows" else pixels.transpose(1, 0, 2)
    assert (pixels[start:stop] == 9).all()
    assert (pixels[:start] == 114).all()
    assert (pixels[stop:] == 114).all()


def test_a_center_crop_keeps_the_middle_and_its_aspect() -> None:
    columns = np.arange(200, dtype=np.uint8)[None, :, None].repeat(100, 0).repeat(3, 2)
    for width, height in ((50, 50), (100, 100), (80, 40), (40, 80)):
        pixels = resize(columns, InputSpec(width, height, "center-crop"))
        kept = min(200, 100 * width / height)
        step = kept / width
        expected = 100 - kept / 2 + step * (np.arange(width) + 0.5) - 0.5
        np.testing.assert_allclose(pixels[0, :, 0], expected, atol=1)


def test_squash_uses_the_whole_picture() -> None:
    halves = np.zeros((10, 100, 3), np.uint8)
    halves[:, 50:] = 255
    pixels = resize(halves, InputSpec(20, 20))
    assert (pixels[:, :10] == 0).all()
    assert (pixels[:, 10:] == 255).all()


def test_area_averages_when_shrinking_and_bilinear_does_not() -> None:
    board = np.indices((64, 64)).sum(0)[..., None].repeat(3, 2).astype(np.uint8) % 2 * 255
    averaged = resize(board, InputSpec(16, 16, filter="area"))
    assert np.ptp(averaged) == 0
    assert 127 <= averaged[0, 0, 0] <= 128
    expected = cv2.resize(NOISE, (16, 16), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(resize(NOISE, InputSpec(16, 16, filter="bilinear")), expected)


@pytest.mark.parametrize(("width", "height"), [(33, 24), (32, 25), (64, 12), (16, 48), (64, 64)])
def test_area_is_bilinear_as_soon_as_one_axis_grows(width: int, height: int) -> None:
    expected = cv2.resize(NOISE, (width, height), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(resize(NOISE, InputSpec(width, height)), expected)


@pytest.mark.parametrize("size", [(1, 1), (1, 60_000), (60_000, 1), (2, 3)])
@pytest.mark.parametrize("how", RESIZES)
def test_pictures_of_extreme_shape_still_come_to_the_target(
    size: tuple[int, int], how: Resize
) -> None:
    data = encoded.jpeg(np.full((*size, 3), 200, np.uint8))
    pixels = frame_to_pixels(data, InputSpec(32, 16, how), LIMITS)
    assert pixels.shape == (16, 32, 3)
    assert pixels.max() <= 202


def test_the_result_owns_its_memory_and_may_be_written() -> None:
    pixels = frame_to_pixels(PNG, InputSpec(32, 24), LIMITS)
    assert pixels.flags.writeable
    assert pixels.flags.c_contiguous
