"""One batch after another on a GPU, several at once, and whatever may go wrong in the middle."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier, Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.bundle.errors import BadFrame, Fatal, Unavailable
from deploy.bundle.limits import Limits
from deploy.bundle.pixels import Pixels, frame_to_pixels
from deploy.bundle.reference import Scores
from deploy.engines.gpu.lane import Lane
from deploy.engines.gpu.layout import lay_out
from deploy.engines.protocol import Answers
from tests import encoded
from tests.gpu.fake_device import FakeDevice, RuleBroken
from tests.gpu.fake_stage import LETTERBOX, SPEC, FakeDecoder, FakeNetwork, colours, lane_on
from tests.gpu.host_kernel import HostKernel
from tests.models import COLOURS, solid_jpeg

LIMITS = Limits()
JPEG = encoded.jpeg(encoded.smooth(90, 160))
TURNED = encoded.jpeg_with_exif(encoded.jpeg(encoded.smooth(80, 120, seed=2)), 6)
GREY = encoded.jpeg(encoded.smooth(48, 64)[..., 0])
PROGRESSIVE = encoded.jpeg(encoded.smooth(60, 80), progressive=True)
PNG = encoded.png_of(encoded.smooth(50, 70))


@pytest.fixture
def device(kernel: HostKernel) -> Iterator[FakeDevice]:
    """When the test is over, nobody may hold anything of it."""
    device = FakeDevice(kernel)
    yield device
    device.check_clean()


@pytest.fixture
def lane(device: FakeDevice) -> Iterator[Lane]:
    lane = lane_on(device)
    device.steady = True
    yield lane
    lane.close()


def scores(answers: Answers) -> list[Scores]:
    return [row for row in answers.rows if not isinstance(row, BadFrame)]


def defined(*frames: bytes) -> Pixels:
    return np.stack([frame_to_pixels(frame, SPEC, LIMITS) for frame in frames])


# What comes out


def test_encoded_frames_of_any_size_are_answered_as_by_definition(lane: Lane) -> None:
    frames = [JPEG, TURNED, GREY, solid_jpeg("parcel")]
    answers = lane.run_encoded(frames, LIMITS)
    # DCT-scaled decode on the CPU, decode in full and an area filter here: near, not equal.
    np.testing.assert_allclose(scores(answers), colours(defined(*frames)), atol=4)
    assert answers.decoded_on_cpu == 0


def test_what_a_gpu_cannot_decode_is_decoded_here_exactly_and_counted(lane: Lane) -> None:
    frames = [PROGRESSIVE, JPEG, PNG, encoded.CMYK]
    answers = lane.run_encoded(frames, LIMITS)
    assert answers.decoded_on_cpu == 3
    found, wanted = np.stack(scores(answers)), colours(defined(*frames))
    np.testing.assert_array_equal(found[[0, 2, 3]], wanted[[0, 2, 3]])


def test_a_jpeg_that_fails_on_the_gpu_alone_is_decoded_here(device: FakeDevice) -> None:
    lane = lane_on(device, broken=frozenset({JPEG}))
    answers = lane.run_encoded([solid_jpeg("vehicle"), JPEG, solid_jpeg("parcel")], LIMITS)
    assert answers.decoded_on_cpu == 1
    np.testing.assert_array_equal(scores(answers)[1], colours(defined(JPEG))[0])
    lane.close()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"", "empty"),
        (b"a letter, not a picture", "not-an-image"),
        (JPEG[: len(JPEG) // 2], "truncated"),
        (PNG[:-40], "truncated"),
        (JPEG[:100] + bytes(400) + JPEG[-2:], "undecodable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_frame_has_its_reason_and_affects_no_other(
    lane: Lane, bad: bytes, reason: str
) -> None:
    frames = [solid_jpeg("vehicle"), bad, solid_jpeg("parcel")]
    answers = lane.run_encoded(frames, LIMITS)
    refused = answers.rows[1]
    assert isinstance(refused, BadFrame)
    assert refused.reason == reason
    for row, label in zip(scores(answers), ("vehicle", "parcel"), strict=True):
        np.testing.assert_allclose(row[:3], COLOURS[label], atol=3)


def test_a_batch_without_a_picture_never_reaches_the_network(lane: Lane) -> None:
    answers = lane.run_encoded([b"", b"no picture"], LIMITS)
    assert [type(row) for row in answers.rows] == [BadFrame, BadFrame]
    assert network(lane).sizes == []
    assert lane.run_encoded([], LIMITS).rows == []


def test_decoded_pictures_get_the_same_answers(lane: Lane) -> None:
    pixels = np.stack([encoded.noise(SPEC.height, SPEC.width, seed) for seed in range(11)])
    found = lane.run(pixels)
    np.testing.assert_array_equal(found.probabilities, colours(pixels))
    np.testing.assert_array_equal(found.logits, -colours(pixels))
    assert network(lane).sizes == [4, 4, 3]


def test_letterboxes_keep_their_grey_from_batch_to_batch(device: FakeDevice) -> None:
    lane = lane_on(device, LETTERBOX)
    for _ in range(2):
        assert scores(lane.run_encoded([JPEG], LIMITS))[0][3] == 114
    lane.close()


# What it costs


def test_a_batch_is_one_launch_and_one_wait(device: FakeDevice, lane: Lane) -> None:
    for _ in range(3):
        before = device.launches, device.waits
        lane.run_encoded([JPEG, PNG, TURNED, JPEG], LIMITS)
        assert (device.launches - before[0], device.waits - before[1]) == (1, 1)


def test_the_device_tells_how_long_decode_and_network_took(lane: Lane) -> None:
    answers = lane.run_encoded([JPEG, JPEG], LIMITS)
    assert answers.input_seconds > 0
    assert answers.network_seconds > 0


@given(places=st.integers(1, 300), labels=st.integers(1, 1000))
def test_regions_of_a_batch_lie_apart_and_aligned(places: int, labels: int) -> None:
    layout = lay_out(places, SPEC, labels)
    regions = [layout.jobs, layout.pixels, layout.probabilities, layout.logits]
    for before, after in pairwise(regions):
        assert before.end <= after.start
    assert all(region.start % 256 == 0 for region in regions)
    assert regions[-1].end <= layout.size


# Several at once


def test_two_batches_are_under_way_at_once_and_do_not_meet(device: FakeDevice) -> None:
    lanes = [lane_on(device), lane_on(device)]
    device.steady = True
    both = Barrier(2, timeout=10)

    def meet() -> None:
        both.wait()

    device.before_wait = meet
    labels = ("vehicle", "parcel")

    def run(index: int) -> list[Scores]:
        frame = solid_jpeg(labels[index])
        return [row for _ in range(20) for row in scores(lanes[index].run_encoded([frame], LIMITS))]

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(run, range(2)))
    for label, rows in zip(labels, answers, strict=True):
        np.testing.assert_allclose([row[:3] for row in rows], [COLOURS[label]] * 20, atol=3)
    for lane in lanes:
        lane.close()


def test_a_stop_in_mid_batch_waits_for_what_is_under_way(device: FakeDevice) -> None:
    lane, waiting, go_on = lane_on(device), Event(), Event()

    def hold() -> None:
        waiting.set()
        assert go_on.wait(10)

    device.before_wait = hold
    with ThreadPoolExecutor(1) as pool:
        answers = pool.submit(lane.run_encoded, [JPEG], LIMITS)
        assert waiting.wait(10)
        go_on.set()
        assert len(scores(answers.result(10))) == 1
    lane.close()


# What goes wrong


@pytest.mark.parametrize("point", ["launch", "infer", "decode"])
@pytest.mark.parametrize("error", [Fatal("Xid 79"), Unavailable("busy"), RuntimeError("odd")])
def test_after_a_failure_in_mid_batch_the_next_one_is_whole(
    device: FakeDevice, lane: Lane, point: str, error: Exception
) -> None:
    device.failures[point] = error
    with pytest.raises(type(error), match=str(error)):
        lane.run_encoded([JPEG, TURNED], LIMITS)
    assert not any(device.stacks.values())
    frames = [GREY, JPEG]
    found = scores(lane.run_encoded(frames, LIMITS))
    np.testing.assert_allclose(found, colours(defined(*frames)), atol=4)


def test_a_kernel_that_is_not_compiled_for_this_chip_ends_the_start(device: FakeDevice) -> None:
    device.failures["kernel"] = Fatal("no kernel for this chip")
    with pytest.raises(Fatal, match="no kernel"):
        lane_on(device)


# That the device would tell


def test_the_fake_device_tells_of_each_broken_rule(device: FakeDevice) -> None:
    with pytest.raises(RuleBroken, match="without its context"):
        device.stream()
    with device.current():
        mirror, stream, other = device.mirror(64), device.stream(), device.stream()
        mirror.to_device(0, 8, stream)
        with pytest.raises(RuleBroken, match="two streams touch"):
            mirror.to_host(0, 8, other)
        with pytest.raises(RuleBroken, match="under way uses"):
            mirror.free()
        mirror.host[0] += 1
        with pytest.raises(RuleBroken, match="had yet to read"):
            stream.synchronize()
        mirror.to_host(0, 8, stream)
        assert (mirror.host[:8] == 0xA5).all()
        stream.synchronize()
        with pytest.raises(RuleBroken, match="never freed"):
            FakeDevice.check_clean(only(device))
        mirror.free()
        with pytest.raises(RuleBroken, match="never closed"):
            FakeDevice.check_clean(only(device))
        stream.close()
        other.close()
        with pytest.raises(RuleBroken, match="that was freed"):
            mirror.free()
        device.steady = True
        with pytest.raises(RuleBroken, match="steady state"):
            device.mirror(1)
        with pytest.raises(RuleBroken, match="left a context"):
            device.check_clean()


def only(device: FakeDevice) -> FakeDevice:
    """The device as if this thread had let go of its context."""
    return FakeDevice(device.host, streams=device.streams, mirrors=device.mirrors, held=device.held)


def network(lane: Lane) -> FakeNetwork:
    assert isinstance(lane.network, FakeNetwork)
    assert isinstance(lane.decoder, FakeDecoder)
    return lane.network
