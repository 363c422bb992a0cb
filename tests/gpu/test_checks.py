"""The checks for a GPU, rehearsed without one: over the stand-in, and up to the first call."""

import json
import subprocess
import sys

import pytest

from deploy.bundle.errors import Fatal
from deploy.engines.cuda import gpu_name
from deploy.engines.gpu.session import session_on
from tests.encoded import jpeg, smooth
from tests.gpu.checks import decode, kernel, memory, stage
from tests.gpu.checks.report import lines
from tests.gpu.fake_device import FakeDevice
from tests.gpu.fake_stage import FakeDecoder, lane_on
from tests.gpu.host_kernel import HostKernel


@pytest.fixture
def device(kernel: HostKernel) -> FakeDevice:
    return FakeDevice(kernel)


def test_memory_is_checked(device: FakeDevice) -> None:
    found = memory.figures(device, 4096)
    assert found["came_back_whole"] is True
    device.check_clean()


def test_the_kernel_is_compared_with_its_source_and_the_definition(device: FakeDevice) -> None:
    found = kernel.figures(device, (32, 24), ((72, 128), (9, 61), (24, 32)), batch=2)
    assert found["bytes_unlike_the_same_source_on_the_cpu"] == 0
    worst = found["worst_mean_difference_from_definition_levels"]
    assert isinstance(worst, float)
    assert worst <= 1
    device.check_clean()


def test_decode_tells_rates_and_which_of_a_mixed_batch_failed(device: FakeDevice) -> None:
    found = decode.figures(device, FakeDecoder(device), (1, 2), seconds=0.0)
    assert found["mixed_sizes_with_a_bad_one"] == [True] * 3 + [False] + [True] * 3
    device.check_clean()


def test_the_stage_is_run_on_several_sessions_at_once(device: FakeDevice) -> None:
    lanes = [lane_on(device) for _ in range(3)]
    sessions = [session_on(lane) for lane in lanes]
    found = stage.figures(sessions, [jpeg(smooth(48, 64))] * 4, 0.05, lambda: 7)
    assert (found["sessions"], found["memory_grew_bytes"]) == (3, 0)
    assert isinstance(found["frames_per_second"], int)
    assert found["frames_per_second"] > 0
    for lane in lanes:
        lane.close()
    device.check_clean()


def test_what_is_missing_is_said_instead_of_figures() -> None:
    def absent() -> dict[str, object]:
        raise Fatal("no NVIDIA GPU answers here")

    told = json.loads(lines("kernel", absent))
    assert told == {"check": "kernel", "skipped": "no NVIDIA GPU answers here"}


@pytest.mark.slow
@pytest.mark.skipif(gpu_name() != "no NVIDIA GPU", reason="there is a GPU: make gpu-check")
def test_without_a_gpu_every_check_says_why_it_is_skipped() -> None:
    command = [sys.executable, "-m", "tests.gpu.checks"]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=200)
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [each["check"] for each in told] == [
        "machine", "rtx", "memory", "kernel", "decode", "stage"
    ]  # fmt: skip
    assert all(each["skipped"] for each in told)
