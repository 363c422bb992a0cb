"""A plan of TensorRT, or of TensorRT for RTX, on an NVIDIA GPU.

Not proven: no NVIDIA GPU was at hand when this was written. What is proven, on a machine without
one, is that a plan which cannot be used is refused in a sentence, and all that surrounds the plan,
over a device that stands in for a GPU.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.bundle.errors import Fatal, MissingDriver, Unavailable
from deploy.bundle.manifest import Bundle, InputSpec
from deploy.bundle.reference import INPUT
from deploy.engines import nvidia
from deploy.engines.cuda import Gpu, open_gpu
from deploy.engines.device import core_count
from deploy.engines.gpu.decoding import Decoder
from deploy.engines.gpu.lane import Lane, open_lane
from deploy.engines.gpu.nvimgcodec import open_decoder
from deploy.engines.gpu.session import largest, session_on
from deploy.engines.kinds import EngineKind
from deploy.engines.nvidia import trt
from deploy.engines.nvidia_log import listening, logger
from deploy.engines.nvidia_network import TensorRtNetwork, open_network
from deploy.engines.protocol import Session

if TYPE_CHECKING:
    import tensorrt

PLAN = "engine.plan"
_CONCURRENCY = 3
"""Batches under way: one is decoded, one is inferred, and one's frames are being looked at."""
_log = logging.getLogger("yardlight.gpu")


@dataclass(frozen=True, slots=True)
class TensorRtEngine:
    """Keeps runtime and engine alive; contexts of one engine run beside each other."""

    runtime: "tensorrt.Runtime" = field(repr=False)
    engine: "tensorrt.ICudaEngine" = field(repr=False)
    gpu: Gpu = field(repr=False)
    least_batch: int
    """Fewer frames are filled up to so many; an accelerator takes full batches only."""
    max_batch: int
    spec: InputSpec
    labels: int
    decoder: Callable[[], Decoder] | None = field(repr=False)
    """Makes one for each lane; None where frames are decoded on the CPU."""
    lanes: list[Lane] = field(default_factory=list, repr=False)
    concurrency: int = _CONCURRENCY

    def session(self) -> Session:
        lane = largest(self._lane, self.max_batch, self.least_batch)
        self.lanes.append(lane)
        session = session_on(lane)
        if isinstance(lane.network, TensorRtNetwork):
            with self.gpu.current():
                lane.network.record_graphs(lane.stream)
        return session

    def close(self) -> None:
        while self.lanes:
            self.lanes.pop().close()

    def _lane(self, places: int) -> Lane:
        with self.gpu.current():
            decoder = self.decoder() if self.decoder else None
            network = open_network(self.engine, self.spec, self.least_batch, places)
            try:
                return open_lane(self.gpu, network, decoder, self.spec, self.labels, places)
            except Unavailable:
                network.close()
                if decoder is not None:
                    decoder.close()
                raise


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
    with listening(_log.warning) as errors:
        runtime = trt.Runtime(logger())
        engine = runtime.deserialize_cuda_engine(plan)
    if engine is None:
        said = f" ({errors[0]})" if errors else ""
        raise Fatal(
            f"{folder / PLAN} is not taken here by {kind} {trt.__version__}: no NVIDIA GPU "
            "answers, its driver is too old, or the plan was made for another GPU or version, "
            f"or it is cut short{said}"
        )
    least, _, most = engine.get_tensor_profile_shape(INPUT, 0)
    batches = int(least[0]), int(most[0])
    spec, labels = bundle.manifest.input, len(bundle.manifest.labels)
    return TensorRtEngine(runtime, engine, open_gpu(), *batches, spec, labels, _decoder())


def _decoder() -> Callable[[], Decoder] | None:
    """How decoders are made, where one can be made at all."""
    threads = max(1, core_count() // _CONCURRENCY)
    try:
        open_decoder(threads).close()
    except MissingDriver as error:
        _log.warning("frames are decoded on the CPU: %s", error)
        return None
    return lambda: open_decoder(threads)
