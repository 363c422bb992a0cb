"""Golden frames are written once, read back whole, and refused when they do not fit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deploy.bundle.errors import BadFrame, BundleError
from deploy.bundle.golden import (
    FOLDER,
    Golden,
    draw_frames,
    encode_frame,
    read_golden,
    write_golden,
)
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import MODEL, Bundle, InputSpec, OutputSpec, write_bundle
from deploy.bundle.pixels import Pixels, frame_to_pixels
from deploy.bundle.reference import Outputs

SPEC = InputSpec(32, 24)
LABELS = ("vehicle", "pedestrian", "parcel")


def answer(pixels: Pixels) -> Outputs:
    logits = pixels.reshape(len(pixels), -1, 3).mean(axis=1, dtype=np.float32)
    return Outputs(logits / logits.sum(axis=1, keepdims=True), logits)


@pytest.fixture
def written(tmp_path: Path) -> tuple[Bundle, Golden]:
    golden = write_golden(tmp_path, draw_frames(3), SPEC, answer)
    (tmp_path / MODEL).write_bytes(b"weights")
    bundle = write_bundle(
        tmp_path,
        name="yard",
        version="1",
        labels=LABELS,
        input_spec=SPEC,
        outputs=OutputSpec(),
        provenance={},
    )
    return bundle, golden


def refusal(bundle: Bundle) -> str:
    with pytest.raises(BundleError) as caught:
        read_golden(bundle)
    return str(caught.value)


def test_what_was_written_is_read_back(written: tuple[Bundle, Golden]) -> None:
    bundle, golden = written
    read = read_golden(bundle)
    assert read.frames == golden.frames
    np.testing.assert_array_equal(read.pixels, golden.pixels)
    np.testing.assert_array_equal(read.outputs.logits, golden.outputs.logits)
    np.testing.assert_array_equal(read.outputs.probabilities, golden.outputs.probabilities)


def test_the_pixels_are_what_the_frames_decode_to(written: tuple[Bundle, Golden]) -> None:
    golden = written[1]
    for frame, pixels in zip(golden.frames, golden.pixels, strict=True):
        np.testing.assert_array_equal(frame_to_pixels(frame, SPEC, Limits()), pixels)


def test_drawn_frames_are_the_same_everywhere_and_differ_from_one_another() -> None:
    first = draw_frames(4)
    draw_frames.cache_clear()
    assert draw_frames(4) == first
    assert draw_frames(4) != draw_frames(4, seed=1)
    means = np.stack([frame_to_pixels(frame, SPEC, Limits()) for frame in draw_frames()])
    assert (means.mean(axis=(1, 2)).std(axis=0) > 15).all()


def test_an_encoded_picture_decodes_to_nearly_itself() -> None:
    picture = frame_to_pixels(draw_frames(1)[0], InputSpec(480, 360), Limits())
    decoded = frame_to_pixels(encode_frame(picture), InputSpec(480, 360), Limits())
    assert np.abs(decoded.astype(int) - picture).mean() < 4


def test_a_frame_that_cannot_be_decoded_is_a_bad_frame(tmp_path: Path) -> None:
    with pytest.raises(BadFrame):
        write_golden(tmp_path, [draw_frames(1)[0][:-50]], SPEC, answer)


def test_a_bundle_has_at_least_one_golden_frame(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no golden frames, expected at least one"):
        write_golden(tmp_path, [], SPEC, answer)


def test_missing_frames_are_refused(written: tuple[Bundle, Golden]) -> None:
    bundle = written[0]
    for frame in (bundle.folder / FOLDER).glob("*.jpg"):
        frame.unlink()
    assert refusal(bundle) == f"{bundle.folder / FOLDER} holds no golden frames (*.jpg)"


@pytest.mark.parametrize("name", ["pixels.npy", "probabilities.npy", "logits.npy"])
def test_an_array_that_is_missing_or_damaged_is_named(
    written: tuple[Bundle, Golden], name: str
) -> None:
    bundle = written[0]
    path = bundle.folder / FOLDER / name
    whole = path.read_bytes()
    path.unlink()
    assert refusal(bundle).startswith(f"{path} cannot be read: ")
    for damaged in (b"", b"text", whole[:40], whole[:-1], b"PK\x03\x04" + whole[4:]):
        path.write_bytes(damaged)
        assert refusal(bundle).startswith(f"{path} cannot be read: ")


def test_an_array_of_objects_is_never_unpickled(written: tuple[Bundle, Golden]) -> None:
    bundle = written[0]
    path = bundle.folder / FOLDER / "logits.npy"
    np.save(path, np.array([{"a": 1}], object), allow_pickle=True)
    assert "Object arrays cannot be loaded" in refusal(bundle)


@pytest.mark.parametrize(
    ("name", "array", "found", "expected"),
    [
        ("pixels", np.zeros((2, 24, 32, 3), np.uint8), "uint8 [2, 24", "uint8 [3, 24, 32, 3]"),
        ("pixels", np.zeros((3, 32, 24, 3), np.uint8), "uint8 [3, 32", "uint8 [3, 24, 32, 3]"),
        ("pixels", np.zeros((3, 24, 32, 3), np.int8), "int8 [3, 24", "uint8 [3, 24, 32, 3]"),
        ("logits", np.zeros((3, 4), np.float32), "float32 [3, 4]", "float32 [3, 3]"),
        ("probabilities", np.zeros((3, 3)), "float64 [3, 3]", "float32 [3, 3]"),
    ],
)
def test_an_array_that_does_not_fit_the_manifest_is_refused(
    written: tuple[Bundle, Golden],
    name: str,
    array: NDArray[Any],
    found: str,
    expected: str,
) -> None:
    bundle = written[0]
    path = bundle.folder / FOLDER / f"{name}.npy"
    np.save(path, array)
    said = refusal(bundle)
    assert said.startswith(f"{path} holds {found}")
    assert said.endswith(f"expected {expected}")


def test_scores_that_are_not_finite_are_refused(written: tuple[Bundle, Golden]) -> None:
    bundle = written[0]
    path = bundle.folder / FOLDER / "logits.npy"
    np.save(path, np.full((3, 3), np.nan, np.float32))
    assert refusal(bundle) == f"{path} holds values that are not finite"
