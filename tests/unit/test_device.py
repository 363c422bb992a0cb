"""What a compiled engine depends on is read from the machine."""

from pathlib import Path

import pytest

from deploy.engines import device

_OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (x)\n"
_CLOSED = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC\n"
_JETSON = "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  540.4.0  Release Build\n"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (_OPEN, "580.65.06"),
        (_CLOSED, "535.183.01"),
        (_JETSON, "540.4.0"),
        ("something else\n", ""),
        (None, ""),
    ],
)
def test_the_driver_of_a_gpu_is_told_by_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, version: str
) -> None:
    place = tmp_path / "version"
    if text is not None:
        place.write_text(f"{text}GCC version:  gcc 12.3.0\n", encoding="ascii")
    monkeypatch.setattr(device, "_NVIDIA_DRIVER", place)
    assert device.nvidia_driver.__wrapped__() == version


def test_a_processor_is_told_by_its_kind_and_what_it_can_do() -> None:
    assert device.cpu_name().split()
    assert device.cpu_name() == device.cpu_name()
