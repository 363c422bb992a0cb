"""What the process of one measured engine does, step by step, as `stand` tells it to."""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import numpy as np

from deploy.bundle.errors import Fatal, YardlightError
from deploy.bundle.manifest import open_bundle
from deploy.bundle.pixels import Pixels
from deploy.engines import catalogue, nvidia
from deploy.engines.cuda import Gpu, open_gpu
from deploy.engines.kinds import EngineKind, Precision
from deploy.engines.measurement import Memory, Run
from deploy.engines.protocol import Session, TimedSession

_T = TypeVar("_T")
_STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Held:
    """An engine's session, and what was in use before the engine came."""

    session: Session
    gpu: Gpu | None
    resident: int | None
    """Bytes of this process in memory."""
    on_device: int
    """Bytes in use on the GPU, by whomever."""


_held: list[Held] = []
"""The one engine of this process."""


def ignore_interrupts() -> None:
    """Ctrl-C is for the parent, which ends this process in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def do(step: Callable[..., _T], arguments: tuple[object, ...]) -> _T:
    """Do one step. An error crosses to the parent as a sentence: not every exception can.

    Raises:
        Fatal: it failed.
    """
    try:
        return step(*arguments)
    except YardlightError as error:
        raise Fatal(str(error)) from None
    except Exception as error:  # noqa: BLE001 - drivers fail each in their own way
        raise Fatal(f"{type(error).__name__}: {error}") from None


def load(bundle: Path, folder: Path, kind: EngineKind, precision: Precision) -> float:
    """Load the engine; returns the seconds from its files to a session.

    Raises:
        Fatal: it does not load.
    """
    gpu = open_gpu() if kind in nvidia.NVIDIA else None
    resident, on_device = _resident(), 0 if gpu is None else gpu.used()
    opened = open_bundle(bundle)
    start = perf_counter()
    session = catalogue.load(opened, folder, kind, precision).session()
    seconds = perf_counter() - start
    _held.append(Held(session, gpu, resident, on_device))
    return seconds


def warm_up(shape: tuple[int, int], batches: Sequence[int]) -> float:
    """Run each batch size once; returns the seconds of all of them."""
    start = perf_counter()
    for batch in batches:
        _held[0].session.run(_pixels(shape, batch))
    return perf_counter() - start


def run(shape: tuple[int, int], batch: int, seconds: float) -> list[Run]:
    """Runs of one batch size, at least one, for about so long."""
    session, pixels = _held[0].session, _pixels(shape, batch)
    runs: list[Run] = []
    start = perf_counter()
    while not runs or perf_counter() - start < seconds:
        runs.append(_run(session, pixels))
    return runs


def memory() -> Memory:
    """What the engine and its runs have added so far."""
    held, now = _held[0], _resident()
    host = None if now is None or held.resident is None else max(0, now - held.resident)
    return Memory(host, None if held.gpu is None else held.gpu.used() - held.on_device)


def _run(session: Session, pixels: Pixels) -> Run:
    if isinstance(session, TimedSession):
        return session.run_timed(pixels)
    start = perf_counter()
    session.run(pixels)
    return Run(perf_counter() - start)


def _pixels(shape: tuple[int, int], batch: int) -> Pixels:
    width, height = shape
    return np.random.default_rng(batch).integers(0, 256, (batch, height, width, 3), np.uint8)


def _resident() -> int | None:
    """Bytes of this process in memory; None where the system does not tell."""
    if not _STATM.exists():
        return None
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
