"""What the machine is like while it is measured: clocks, power, and who else is at work."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import mean

from deploy.bench.nvml import gpu_conditions
from deploy.engines.device import core_count

_KHZ = 1000
SYS, PROC = Path("/sys"), Path("/proc")


def conditions(sys: Path = SYS, proc: Path = PROC) -> dict[str, str]:
    """Governor and clock of the processor, load of the machine, clocks and power of the GPU.

    What the system does not tell, as a virtual machine often does not, is left out.
    """
    return {
        "cores": str(core_count()),
        **dict(_processor(sys, proc)),
        **dict(_load()),
        **gpu_conditions(),
    }


def before_and_after(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """One value where both are the same, else both: a clock that moved explains a figure."""
    return {
        name: value if after.get(name, value) == value else f"{value}, then {after[name]}"
        for name, value in before.items()
    }


def _processor(sys: Path, proc: Path) -> Iterator[tuple[str, str]]:
    frequency = sorted(sys.glob("devices/system/cpu/cpu[0-9]*/cpufreq"))
    governors = {_read(place / "scaling_governor") for place in frequency} - {""}
    if governors:
        yield "governor", ", ".join(sorted(governors))
    clocks = [int(_read(place / "scaling_cur_freq") or 0) / _KHZ for place in frequency]
    said = re.findall(r"^cpu MHz\s*:\s*([\d.]+)$", _read(proc / "cpuinfo"), re.MULTILINE)
    known = [clock for clock in clocks or map(float, said) if clock]
    if known:
        yield "processor", f"{mean(known):.0f} MHz"


def _load() -> Iterator[tuple[str, str]]:
    if hasattr(os, "getloadavg"):
        yield "load", f"{os.getloadavg()[0]:.1f}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
