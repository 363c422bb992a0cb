"""What this machine's processor is, as far as a compiled engine depends on it."""

import os
import platform
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
# The instruction sets that inference libraries choose their kernels by.
_DECISIVE = (
    "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "avx_vnni",
    "amx_bf16", "amx_int8", "asimd", "asimddp", "asimdhp", "bf16", "i8mm", "sve",
)  # fmt: skip


@dataclass(slots=True)
class _Share:
    part: int = 0
    parts: int = 1


_share = _Share()


def share_cores(part: int, parts: int) -> None:
    """This process works beside others like it, as number `part`, from 0, of `parts`. Before any
    engine is loaded.
    """
    _share.part, _share.parts = part, parts


def core_count() -> int:
    """How many cores are for this process: its share of those that it may use, at least one.
    Containers and affinity masks count. It is held to none of them: whoever has nothing to do
    leaves the others room.
    """
    each, over = divmod(_usable_cores(), _share.parts)
    return max(1, each + (_share.part < over))


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def nvidia_driver() -> str:
    """Version of the NVIDIA driver, such as `580.65.06`; empty where there is none."""
    text = _NVIDIA_DRIVER.read_text(errors="replace") if _NVIDIA_DRIVER.exists() else ""
    found = re.search(r"^NVRM version:.*?\s(\d+(?:\.\d+)+)\s", text, re.MULTILINE)
    return found.group(1) if found else ""


@cache
def cpu_name() -> str:
    """Processor model and decisive instruction sets, such as `x86_64 AMD EPYC avx2`."""
    text = _CPUINFO.read_text(errors="replace") if _CPUINFO.exists() else ""
    model = re.search(r"^(?:model name|Hardware)\s*:\s*(.+)$", text, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", text, re.MULTILINE)
    present = set(flags.group(1).split()) if flags else set()
    words = [platform.machine(), model.group(1).strip() if model else platform.processor()]
    return " ".join([*filter(None, words), *(name for name in _DECISIVE if name in present)])
