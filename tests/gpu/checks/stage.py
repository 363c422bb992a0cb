"""The whole stage: bytes in the host's memory to probabilities, three batches under way."""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.bundle.errors import BadFrame, Fatal
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import open_bundle
from deploy.engines import catalogue
from deploy.engines.cuda import Gpu, open_gpu
from deploy.engines.protocol import DecodingSession, Session
from tests.encoded import jpeg, smooth
from tests.gpu.checks.report import Figures
from tests.gpu.checks.rtx import DEMO, MOST, build

_SECONDS = float(os.environ.get("SECONDS") or 60)
_WARM = 0.1
"""Share of the time after which memory has to stand still."""


def check() -> Figures:
    gpu = open_gpu()
    with tempfile.TemporaryDirectory() as place:
        folder = build(Path(place))
        engine = catalogue.load(open_bundle(DEMO), folder, "tensorrt-rtx", "fp32")
    try:
        sessions = [engine.session() for _ in range(engine.concurrency)]
        frames = [jpeg(smooth(720, 1280, seed), quality=90) for seed in range(MOST)]
        return figures(sessions, frames, _SECONDS, lambda: _free(gpu))
    finally:
        engine.close()


def figures(
    sessions: Sequence[Session],
    frames: Sequence[bytes],
    seconds: float,
    free: Callable[[], int],
) -> Figures:
    """Run every session at once; `free` tells bytes of the GPU's memory that nobody has."""
    decoding = [each for each in sessions if isinstance(each, DecodingSession)]
    if len(decoding) < len(sessions):
        raise Fatal("the engine's sessions do not decode here: is nvImageCodec installed?")
    with ThreadPoolExecutor(len(sessions)) as pool:
        list(pool.map(lambda each: _run(each, frames, _WARM * seconds), decoding))
        before, began = free(), time.perf_counter()
        counts = list(pool.map(lambda each: _run(each, frames, seconds), decoding))
    return {
        "sessions": len(sessions),
        "batch": len(frames),
        "frames_per_second": round(sum(counts) / (time.perf_counter() - began)),
        "memory_grew_bytes": before - free(),
    }


def _run(session: DecodingSession, frames: Sequence[bytes], seconds: float) -> int:
    """Frames answered in so many seconds."""
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        answers = session.run_encoded(frames, Limits())
        count += sum(not isinstance(row, BadFrame) for row in answers.rows)
    return count


def _free(gpu: Gpu) -> int:
    with gpu.current():
        return int(gpu.driver.mem_get_info()[0])
