"""What NVIDIA's driver says of its GPUs: the one door to NVML."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

# Why clocks are held down, by NVML's bits. Left out are those that are no fault: an idle GPU, and
# clocks that somebody chose.
# https://docs.nvidia.com/deploy/nvml-api/group__nvmlClocksEventReasons.html
REASONS = {
    0x04: "power-cap",
    0x08: "hardware-slowdown",
    0x20: "software-thermal",
    0x40: "hardware-thermal",
    0x80: "power-brake",
}


@dataclass(frozen=True, slots=True)
class GpuReading:
    """One GPU now; None where this GPU does not tell."""

    number: int
    utilisation: float | None
    """0 to 1."""
    memory_used: int | None
    """Bytes."""
    memory_total: int | None
    """Bytes."""
    temperature: float | None
    """Degrees Celsius."""
    throttled: frozenset[str] | None
    """The reasons that hold now, words of `REASONS`."""


class Gpus:
    """The GPUs of this machine, none where the driver or `nvidia-ml-py` is absent; for `with`."""

    def __init__(self) -> None:
        self._nvml: Any = None

    def __enter__(self) -> "Gpus":
        with suppress(ImportError):
            import pynvml

            with suppress(pynvml.NVMLError):
                pynvml.nvmlInit()
                self._nvml = pynvml
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._nvml is not None:
            nvml, self._nvml = self._nvml, None
            nvml.nvmlShutdown()

    @property
    def present(self) -> bool:
        return self._nvml is not None and self._ask(self._nvml.nvmlDeviceGetCount) not in (None, 0)

    def read(self) -> list[GpuReading]:
        """One reading for each GPU."""
        if self._nvml is None:
            return []
        count = self._ask(self._nvml.nvmlDeviceGetCount) or 0
        return [self._read(number) for number in range(count)]

    def _read(self, number: int) -> GpuReading:
        nvml = self._nvml
        at = self._ask(nvml.nvmlDeviceGetHandleByIndex, number)
        rates = self._ask(nvml.nvmlDeviceGetUtilizationRates, at)
        memory = self._ask(nvml.nvmlDeviceGetMemoryInfo, at)
        bits = self._ask(nvml.nvmlDeviceGetCurrentClocksEventReasons, at)
        return GpuReading(
            number,
            utilisation=None if rates is None else rates.gpu / 100,
            memory_used=None if memory is None else memory.used,
            memory_total=None if memory is None else memory.total,
            temperature=self._ask(nvml.nvmlDeviceGetTemperature, at, nvml.NVML_TEMPERATURE_GPU),
            throttled=None if bits is None else reasons_of(bits),
        )

    def _ask(self, question: Callable[..., Any], *about: Any) -> Any:
        """The driver's answer; None where it has none, as Jetsons often do."""
        try:
            return question(*about)
        except self._nvml.NVMLError:
            return None


def reasons_of(bits: int) -> frozenset[str]:
    return frozenset(word for bit, word in REASONS.items() if bits & bit)
