"""Clocks and power of the first NVIDIA GPU, where its driver tells them."""

from collections.abc import Callable, Iterator
from typing import Any

_MILLI = 1000


def gpu_conditions() -> dict[str, str]:
    """What NVML says of the first GPU; nothing where there is none, or no `nvidia-ml-py`."""
    try:
        import pynvml
    except ImportError:
        return {}
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return {}
    try:
        return dict(_told(pynvml, pynvml.nvmlDeviceGetHandleByIndex(0)))
    except pynvml.NVMLError:
        return {}
    finally:
        pynvml.nvmlShutdown()


def _told(nvml: Any, gpu: Any) -> Iterator[tuple[str, str]]:
    def clock(which: int) -> str:
        return f"{nvml.nvmlDeviceGetClockInfo(gpu, which)} MHz"

    def watts(ask: Callable[[Any], int]) -> str:
        return f"{ask(gpu) / _MILLI:.0f} W"

    asked: tuple[tuple[str, Callable[[Any], str], Any], ...] = (
        ("gpu clock", clock, nvml.NVML_CLOCK_SM),
        ("gpu memory clock", clock, nvml.NVML_CLOCK_MEM),
        ("gpu power", watts, nvml.nvmlDeviceGetPowerUsage),
        ("gpu power limit", watts, nvml.nvmlDeviceGetEnforcedPowerLimit),
    )
    for name, ask, about in asked:
        try:
            yield name, ask(about)
        except nvml.NVMLError:  # Jetsons tell little
            continue
