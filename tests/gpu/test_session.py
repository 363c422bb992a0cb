"""A session on a GPU before it is given away, and where memory is short."""

import logging

import numpy as np
import pytest

from deploy.bundle.errors import Unavailable
from deploy.engines.gpu.lane import Lane, open_lane
from deploy.engines.gpu.session import largest, session_on
from deploy.engines.protocol import DecodingSession
from tests.encoded import noise
from tests.gpu.fake_device import FakeDevice
from tests.gpu.fake_stage import SPEC, FakeNetwork, colours, lane_on
from tests.gpu.host_kernel import HostKernel
from tests.models import LABELS

FOR_FOUR = 15_000
"""Bytes: a batch of four takes less, one of eight more."""


def test_a_session_was_warm_at_the_smallest_a_middle_and_the_largest_batch(
    kernel: HostKernel,
) -> None:
    lane = lane_on(FakeDevice(kernel), places=8)
    session_on(lane)
    assert isinstance(lane.network, FakeNetwork)
    assert lane.network.sizes == [1, 4, 8]


def test_a_session_without_a_decoder_takes_pixels_only(kernel: HostKernel) -> None:
    device = FakeDevice(kernel)
    with device.current():
        lane = open_lane(device, FakeNetwork(device, SPEC), None, SPEC, len(LABELS), 2)
    assert not isinstance(session_on(lane), DecodingSession)


def test_where_memory_is_short_batches_are_smaller_and_the_log_says_so(
    kernel: HostKernel, caplog: pytest.LogCaptureFixture
) -> None:
    device = FakeDevice(kernel, room=FOR_FOUR)
    with caplog.at_level(logging.WARNING):
        lane = largest(lambda places: lane_on(device, places=places), 8)
    assert lane.places == 4
    assert "the GPU has no" in caplog.text
    assert "batches of 4 instead of 8" in caplog.text
    pixels = np.stack([noise(SPEC.height, SPEC.width, seed) for seed in range(8)])
    np.testing.assert_array_equal(session_on(lane).run(pixels), colours(pixels))


def test_where_not_even_one_picture_fits_the_start_says_so(kernel: HostKernel) -> None:
    device = FakeDevice(kernel, room=100)

    def make(places: int) -> Lane:
        return lane_on(device, places=places)

    with pytest.raises(Unavailable, match=r"the GPU has no \d+ bytes left"):
        largest(make, 8)
    device.check_clean()
