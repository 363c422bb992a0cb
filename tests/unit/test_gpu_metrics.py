"""GPUs on the metrics page: what the driver says, and nothing where there is none."""

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from edge.observe.gpu import GpuReading, Gpus, reasons_of
from edge.observe.gpu_metrics import GpuMetrics

HOT = GpuReading(0, 0.97, 6 << 30, 8 << 30, 88.0, frozenset({"hardware-thermal"}))
SILENT = GpuReading(0, None, None, None, None, None)


def page(*readings: GpuReading) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(GpuMetrics(lambda: readings))
    return registry


def test_a_gpu_is_shown_in_base_units() -> None:
    registry = page(HOT)
    gpu = {"gpu": "0"}
    assert registry.get_sample_value("yardlight_gpu_utilisation_ratio", gpu) == 0.97
    assert registry.get_sample_value("yardlight_gpu_memory_used_bytes", gpu) == 6 << 30
    assert registry.get_sample_value("yardlight_gpu_memory_total_bytes", gpu) == 8 << 30
    assert registry.get_sample_value("yardlight_gpu_temperature_celsius", gpu) == 88.0


def test_each_reason_for_throttling_is_a_series_of_its_own() -> None:
    registry = page(HOT)

    def held(reason: str) -> float | None:
        labels = {"gpu": "0", "reason": reason}
        return registry.get_sample_value("yardlight_gpu_throttled", labels)

    assert [held("hardware-thermal"), held("power-cap"), held("idle")] == [1.0, 0.0, None]


def test_a_gpu_that_does_not_tell_has_no_series() -> None:
    samples = [sample for family in page(SILENT).collect() for sample in family.samples]
    assert samples == []


def test_an_idle_gpu_is_not_throttled() -> None:
    idle, chosen_clocks, thermal = 0x1, 0x2, 0x40
    assert reasons_of(idle | chosen_clocks) == frozenset()
    assert reasons_of(idle | thermal) == {"hardware-thermal"}


def test_a_machine_without_a_driver_has_no_gpus() -> None:
    pynvml = pytest.importorskip("pynvml")
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        with Gpus() as gpus:
            assert (gpus.present, gpus.read()) == (False, [])
    else:
        pytest.skip("there is a driver here")


def test_without_the_library_there_are_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with Gpus() as gpus:
        assert (gpus.present, gpus.read()) == (False, [])


class Driver(ModuleType):
    """Stands for a driver with one GPU, which this machine may not have."""

    NVML_TEMPERATURE_GPU = 0

    class NVMLError(Exception):
        pass

    def __init__(self, *, tells: bool) -> None:
        super().__init__("pynvml")
        self.open = 0
        self._tells = tells

    def nvmlInit(self) -> None:  # noqa: N802 - NVML's names
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return 1

    def nvmlDeviceGetHandleByIndex(self, number: int) -> str:  # noqa: N802
        return f"gpu {number}"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        answers = {
            "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=97),
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(used=6 << 30, total=8 << 30),
            "nvmlDeviceGetCurrentClocksEventReasons": 0x40,
            "nvmlDeviceGetTemperature": 88.0,
        }

        def ask(*_: object) -> Any:
            if not self._tells:
                raise self.NVMLError("not supported")
            return answers[name]

        return ask


@pytest.mark.parametrize(("tells", "expected"), [(True, HOT), (False, SILENT)])
def test_what_the_driver_says_is_read(
    monkeypatch: pytest.MonkeyPatch, *, tells: bool, expected: GpuReading
) -> None:
    driver = Driver(tells=tells)
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    with Gpus() as gpus:
        assert gpus.present
        assert gpus.read() == [expected]
    assert driver.open == 0
