"""The resize kernel's arithmetic, compiled for the CPU, against `deploy/bundle/pixels.py`."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.bundle.limits import Limits
from deploy.bundle.manifest import Filter, InputSpec, Resize
from deploy.bundle.pixels import Pixels, decode, resize, upright
from deploy.bundle.placement import Rectangle
from deploy.engines.gpu.jobs import JOB, job, table
from tests.encoded import noise
from tests.gpu.host_kernel import HostKernel, surface
from tests.loudly import skip_loudly

RESIZES: tuple[Resize, ...] = ("squash", "center-crop", "letterbox")
FILTERS: tuple[Filter, ...] = ("area", "bilinear")
PHOTOS = Path(__file__).parents[3] / "shared" / "data" / "cameras" / "val"
_FULL = InputSpec(8192, 8192)
"""So large that nothing is DCT-scaled."""

sides = st.integers(1, 300)
targets = st.builds(
    InputSpec, st.integers(1, 96), st.integers(1, 96), st.sampled_from(RESIZES),
    st.sampled_from(FILTERS),
)  # fmt: skip


def drawn(width: int, height: int, seed: int = 0) -> Pixels:
    """A gradient with shapes and noise: edges, flats and both ends of the scale."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[0:height, 0:width]
    picture = np.stack([across * 255 / max(1, width - 1), down * 255 / max(1, height - 1)] * 2, 2)
    picture = picture[..., :3] + random.normal(0, 12, (height, width, 3))
    for _ in range(6):
        left, top = random.integers(0, width), random.integers(0, height)
        picture[top : top + height // 3 + 1, left : left + width // 4 + 1] = random.integers(0, 256)
    pixels: Pixels = picture.clip(0, 255).astype(np.uint8)
    return pixels


def difference(left: Pixels, right: Pixels) -> tuple[float, int]:
    """Mean and largest absolute difference in grey levels."""
    apart = np.abs(left.astype(int) - right)
    return float(apart.mean()), int(apart.max())


@settings(max_examples=300)
@given(width=sides, height=sides, spec=targets, seed=st.integers(0, 9))
def test_no_grey_level_is_further_than_one_from_the_definition(
    kernel: HostKernel, width: int, height: int, spec: InputSpec, seed: int
) -> None:
    picture = drawn(width, height, seed)
    mean, largest = difference(kernel.picture(picture, spec), resize(picture, spec))
    assert largest <= 1, f"{largest} levels"
    assert mean <= 0.5


@given(spec=targets, seed=st.integers(0, 9))
def test_a_picture_of_the_right_size_comes_through_as_it_is(
    kernel: HostKernel, spec: InputSpec, seed: int
) -> None:
    picture = noise(spec.height, spec.width, seed)
    np.testing.assert_array_equal(kernel.picture(picture, spec), picture)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("how", RESIZES)
def test_every_orientation_stands_upright(
    kernel: HostKernel, orientation: int, how: Resize
) -> None:
    spec, picture = InputSpec(24, 16, how), drawn(70, 45)
    found = kernel.picture(picture, spec, orientation)
    np.testing.assert_array_equal(found, kernel.picture(upright(picture, orientation), spec))


def test_rows_may_be_padded(kernel: HostKernel) -> None:
    wide = noise(40, 64)
    spec, picture = InputSpec(24, 16), wide[:, :50]
    found = kernel.picture(picture, spec)
    np.testing.assert_array_equal(found, kernel.picture(np.ascontiguousarray(picture), spec))


def test_pictures_of_any_sizes_and_their_zones_share_one_launch(kernel: HostKernel) -> None:
    spec = InputSpec(32, 20, "letterbox")
    pictures = [drawn(200, 90, 1), drawn(17, 200, 2), drawn(64, 40, 3)]
    zone = Rectangle(30, 10, 100, 70)
    jobs = [job(surface(picture), spec, place) for place, picture in enumerate(pictures)]
    jobs.append(job(surface(pictures[0]), spec, 3, zone))
    batch = np.zeros((4, 20, 32, 3), np.uint8)
    kernel.resize(table(jobs), spec, batch)
    cut = np.ascontiguousarray(pictures[0][10:80, 30:130])
    for found, picture in zip(batch, [*pictures, cut], strict=True):
        np.testing.assert_array_equal(found, kernel.picture(picture, spec))


def test_a_zone_of_a_turned_picture_is_counted_in_upright_pixels(kernel: HostKernel) -> None:
    spec, stored, zone = InputSpec(16, 16), drawn(80, 60), Rectangle(5, 9, 40, 50)
    cut = np.ascontiguousarray(upright(stored, 6)[9:59, 5:45])
    np.testing.assert_array_equal(kernel.picture(stored, spec, 6, zone), kernel.picture(cut, spec))


@pytest.mark.parametrize("zone", [(-1, 0, 5, 5), (0, 0, 81, 5), (0, 59, 5, 2), (3, 3, 0, 4)])
def test_a_zone_outside_its_picture_is_refused(zone: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="not within the picture's 80x60 pixels"):
        job(surface(drawn(80, 60)), InputSpec(8, 8), 0, Rectangle(*zone))


def test_a_place_without_a_picture_is_left_as_it_is(kernel: HostKernel) -> None:
    spec, batch, picture = InputSpec(8, 6), np.full((2, 6, 8, 3), 77, np.uint8), drawn(80, 60)
    jobs = np.zeros(2, JOB)
    jobs[1] = job(surface(picture), spec, 1)
    kernel.resize(jobs, spec, batch)
    assert (batch[0] == 77).all()
    np.testing.assert_array_equal(batch[1], kernel.picture(picture, spec))


@pytest.mark.parametrize("shape", [(4320, 7680), (1, 60000), (60000, 1)])
def test_the_largest_pictures_do_not_overflow(kernel: HostKernel, shape: tuple[int, int]) -> None:
    white = np.full((*shape, 3), 255, np.uint8)
    for filtered in FILTERS:
        found = kernel.picture(white, InputSpec(7, 5, "squash", filtered))
        assert (found == 255).all()


def test_the_table_is_laid_out_as_the_kernel_reads_it(kernel: HostKernel) -> None:
    assert kernel.library.job_size() == JOB.itemsize


@pytest.mark.parametrize("how", RESIZES)
@pytest.mark.parametrize("filtered", FILTERS)
def test_real_photos_are_resized_as_defined(
    kernel: HostKernel, request: pytest.FixtureRequest, how: Resize, filtered: Filter
) -> None:
    photos = sorted(PHOTOS.rglob("*.jpg"))[::12]
    if not photos:
        skip_loudly(request.config, f"the kernel is not compared on real photos: none in {PHOTOS}")
    spec = InputSpec(224, 224, how, filtered)
    pictures = [decode(photo.read_bytes(), _FULL, Limits()) for photo in photos]
    found = [difference(kernel.picture(each, spec), resize(each, spec)) for each in pictures]
    means, largest = zip(*found, strict=True)
    assert max(means) <= 1
    assert max(largest) <= 1
