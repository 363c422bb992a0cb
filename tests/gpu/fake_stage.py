"""Stand-ins for what a GPU alone can run: the network, and the decoder on the GPU."""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Scores
from deploy.engines.gpu.jobs import COLOURS, Surface
from deploy.engines.gpu.lane import Lane, open_lane
from tests.gpu.fake_device import FakeDevice, FakeStream, RuleBroken, Span, Work
from tests.models import LABELS

SPEC = InputSpec(32, 24)
LETTERBOX = InputSpec(40, 40, "letterbox")


def both(pixels: Pixels) -> tuple[Scores, Scores]:
    """Probabilities and logits of the fake network: `colours`, and their negative."""
    return colours(pixels), -colours(pixels)


def colours(pixels: Pixels) -> Scores:
    """What stands for probabilities: the mean colour of each picture, and its first pixel's red."""
    means = pixels.mean(axis=(1, 2), dtype=np.float32)
    return np.column_stack([means, pixels[:, 0, 0, 0]]).astype(np.float32)


@dataclass
class FakeNetwork:
    """Answers when its stream comes so far."""

    device: FakeDevice
    spec: InputSpec
    bound: tuple[int, int, int] = (0, 0, 0)
    sizes: list[int] = field(default_factory=list)
    answer: Callable[[Pixels], tuple[Scores, Scores]] = both

    def bind(self, pixels: int, probabilities: int, logits: int) -> None:
        self.bound = (pixels, probabilities, logits)

    def enqueue(self, count: int, stream: Any) -> None:
        self.sizes.append(count)
        frame = self.spec.width * self.spec.height * COLOURS
        score = len(LABELS) * 4
        pixels, probabilities, logits = self.bound

        def work() -> None:
            self.device.meet("infer")
            shape = (count, self.spec.height, self.spec.width, COLOURS)
            found = self.answer(at_address(pixels, count * frame).reshape(shape))
            for address, scores in zip((probabilities, logits), found, strict=True):
                at_address(address, count * score)[:] = np.ravel(scores).view(np.uint8)

        spans = tuple(Span(at, at + count * score) for at in (probabilities, logits))
        stream.ask(Work(work, (Span(pixels, pixels + count * frame),), spans))

    def close(self) -> None:
        self.device.check_current()


@dataclass
class FakeDecoder:
    """Decodes with OpenCV, as it is stored, into memory of its own when the stream comes so far."""

    device: FakeDevice
    broken: frozenset[bytes] = frozenset()
    """Frames that decode on the CPU alone."""
    asked: int = 0
    closed: bool = False
    kept: list[Pixels] = field(default_factory=list)

    def decode(self, frames: Sequence[bytes | memoryview], stream: Any) -> list[Surface | None]:
        self.device.check_current()
        self.device.meet("decode")
        if self.closed:
            raise RuleBroken("the decoder is used after it was closed")
        self.asked += len(frames)
        for picture in self.kept:
            picture[:] = 0  # what is kept of the last batch must not be seen in this one
        self.kept = []
        return [self._decode(bytes(frame), stream) for frame in frames]

    def _decode(self, frame: bytes, stream: FakeStream) -> Surface | None:
        flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
        decoded = cv2.imdecode(np.frombuffer(frame, np.uint8), flags)
        if decoded is None or frame in self.broken:
            return None
        memory = np.zeros_like(decoded)
        self.kept.append(memory)

        def work() -> None:
            memory[:] = decoded

        stream.ask(Work(work))
        height, width = memory.shape[:2]
        return Surface(memory.ctypes.data, width, height, memory.strides[0])

    def close(self) -> None:
        self.device.check_current()
        self.closed = True


def at_address(address: int, size: int) -> Pixels:
    pointer = ctypes.cast(address, ctypes.POINTER(ctypes.c_uint8))
    return np.ctypeslib.as_array(pointer, (size,))


def lane_on(device: FakeDevice, spec: InputSpec = SPEC, places: int = 4, **decoder: Any) -> Lane:
    with device.current():
        return open_lane(
            device,
            FakeNetwork(device, spec),
            FakeDecoder(device, **decoder),
            spec,
            len(LABELS),
            places,
        )
