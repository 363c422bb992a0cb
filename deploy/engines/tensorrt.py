"""A plan of TensorRT, or of TensorRT for RTX, on an NVIDIA GPU.

Not proven: no NVIDIA GPU was at hand when this was written. What is proven, on a machine without
one, is that a plan which cannot be used is refused in a sentence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import Bundle
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import INPUT, LOGITS, PROBABILITIES, Outputs, Scores
from deploy.engines import nvidia
from deploy.engines.cuda import Gpu, open_gpu
from deploy.engines.measurement import Run, Stages
from deploy.engines.nvidia import trt
from deploy.engines.nvidia_log import logger
from deploy.engines.protocol import EngineKind, Session

if TYPE_CHECKING:
    import tensorrt

PLAN = "engine.plan"
_CONCURRENCY = 2
"""One batch is decoded while the other is inferred."""
_MILLI = 1000


def _unmarked() -> None:
    """Nobody wants to know when."""


@dataclass(frozen=True, slots=True)
class TensorRtEngine:
    """Keeps runtime and engine alive; contexts of one engine run beside each other."""

    runtime: "tensorrt.Runtime" = field(repr=False)
    engine: "tensorrt.ICudaEngine" = field(repr=False)
    gpu: Gpu = field(repr=False)
    least_batch: int
    """Fewer frames are filled up to so many; an accelerator takes full batches only."""
    max_batch: int
    shape: tuple[int, int, int]
    labels: int
    concurrency: int = _CONCURRENCY

    def session(self) -> Session:
        with self.gpu.current():
            context = self.engine.create_execution_context()
            if context is None:
                raise Fatal("the GPU has no room for another execution context")
            outputs = dict.fromkeys((PROBABILITIES, LOGITS), (self.max_batch, self.labels))
            host = {name: np.empty(shape, np.float32) for name, shape in outputs.items()}
            frames = self.max_batch * int(np.prod(self.shape))
            device = {INPUT: self.gpu.allocate(frames)}
            device |= {name: self.gpu.allocate(array.nbytes) for name, array in host.items()}
            for name, memory in device.items():
                context.set_tensor_address(name, int(memory))
            stream = self.gpu.driver.Stream()
        return TensorRtSession(context, self.gpu, stream, device, host, self.least_batch)

    def close(self) -> None:
        """Memory goes with the last session."""


@dataclass(frozen=True, slots=True)
class TensorRtSession:
    """One execution context, one stream, buffers that are bound once."""

    context: "tensorrt.IExecutionContext" = field(repr=False)
    gpu: Gpu = field(repr=False)
    stream: Any = field(repr=False)
    device: Mapping[str, Any] = field(repr=False)
    host: Mapping[str, Scores] = field(repr=False)
    least_batch: int

    def run(self, pixels: Pixels) -> Scores:
        return self._infer(pixels, (PROBABILITIES,))[PROBABILITIES]

    def run_all(self, pixels: Pixels) -> Outputs:
        found = self._infer(pixels, (PROBABILITIES, LOGITS))
        return Outputs(found[PROBABILITIES], found[LOGITS])

    def run_timed(self, pixels: Pixels) -> Run:
        marks: list[Any] = []

        def mark() -> None:
            marks.append(self.gpu.driver.Event().record(self.stream))

        start = perf_counter()
        self._infer(pixels, (PROBABILITIES,), mark)
        seconds = perf_counter() - start
        with self.gpu.current():
            taken = [left.time_till(right) / _MILLI for left, right in pairwise(marks)]
        return Run(seconds, Stages(*taken))

    def _infer(
        self, pixels: Pixels, names: tuple[str, ...], mark: Callable[[], None] = _unmarked
    ) -> dict[str, Scores]:
        """Copy in, compute, copy out; `mark` is called before, between and after them."""
        frames = _filled(pixels, self.least_batch)
        driver = self.gpu.driver
        with self.gpu.current():
            if not self.context.set_input_shape(INPUT, frames.shape):
                raise ValueError(f"the engine takes no batch of {len(frames)} frames")
            mark()
            driver.memcpy_htod_async(self.device[INPUT], frames, self.stream)
            mark()
            if not self.context.execute_async_v3(self.stream.handle):
                raise Fatal("the GPU did not take the batch: TensorRT's log says why")
            mark()
            for name in names:
                driver.memcpy_dtoh_async(self.host[name], self.device[name], self.stream)
            mark()
            self.stream.synchronize()
        return {name: self.host[name][: len(pixels)].copy() for name in names}


def load(bundle: Bundle, folder: Path, kind: EngineKind) -> TensorRtEngine:
    """Deserialise a plan.

    Raises:
        MissingDriver: the library is not installed.
        Fatal: there is no GPU, or the plan was made for another one or another version, or is cut
            short.
    """
    nvidia.use(kind)
    try:
        plan = (folder / PLAN).read_bytes()
    except OSError as error:
        raise Fatal(f"{folder / PLAN} cannot be read: {error.strerror}") from error
    runtime = trt.Runtime(logger())
    engine = runtime.deserialize_cuda_engine(plan)
    if engine is None:
        raise Fatal(
            f"{folder / PLAN} is not taken here by {kind} {trt.__version__}: no NVIDIA GPU "
            "answers, or the plan was made for another GPU or version, or it is cut short"
        )
    spec = bundle.manifest.input
    least, _, most = engine.get_tensor_profile_shape(INPUT, 0)
    shape = (spec.height, spec.width, 3)
    labels = len(bundle.manifest.labels)
    batches = int(least[0]), int(most[0])
    return TensorRtEngine(runtime, engine, open_gpu(), *batches, shape, labels)


def _filled(pixels: Pixels, least: int) -> Pixels:
    """The frames one after the other in memory, with black ones behind them where they are few."""
    if len(pixels) >= least:
        return np.ascontiguousarray(pixels)
    filled = np.zeros((least, *pixels.shape[1:]), np.uint8)
    filled[: len(pixels)] = pixels
    return filled
