"""The memory layer: what goes there comes back, two streams at once, and all is given back."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from deploy.engines.cuda import open_gpu
from deploy.engines.gpu.device import Device, Stream
from tests.gpu.checks.report import Figures

_BYTES = 64 << 20
_ROUNDS = 20


def check() -> Figures:
    return figures(open_gpu(), _BYTES)


def figures(device: Device, size: int) -> Figures:
    threads = [_Copying(device, size, seed) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "bytes": size,
        "came_back_whole": all(thread.whole for thread in threads),
        "bytes_per_second_there": [thread.there for thread in threads],
        "bytes_per_second_back": [thread.back for thread in threads],
    }


@dataclass(eq=False)
class _Copying(threading.Thread):
    """A thread with a stream of its own, that ends with nothing on its stack."""

    device: Device
    size: int
    seed: int
    there: int = 0
    back: int = 0
    """Bytes a second."""
    whole: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def run(self) -> None:
        sent = np.random.default_rng(self.seed).integers(0, 256, self.size, np.uint8)
        with self.device.current():
            mirror, stream = self.device.mirror(self.size), self.device.stream()
            mirror.host[:] = sent
            self.there = self._rate(stream, partial(mirror.to_device, 0, self.size, stream))
            self.back = self._rate(stream, partial(mirror.to_host, 0, self.size, stream))
            self.whole = bool(np.array_equal(mirror.host, sent))
            stream.close()
            mirror.free()

    def _rate(self, stream: Stream, copy: Callable[[], None]) -> int:
        began, ended = self.device.event(), self.device.event()
        began.record(stream)
        for _ in range(_ROUNDS):
            copy()
        ended.record(stream)
        ended.wait()
        seconds = ended.seconds_since(began)
        began.close()
        ended.close()
        return round(_ROUNDS * self.size / seconds)
