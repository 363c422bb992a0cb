"""What the service and its child tell each other, and where the pictures lie between them."""

import mmap
import struct
from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Scores
from deploy.engines.kinds import EngineKind, Precision

REQUEST = struct.Struct("<BQ")
"""What to do, and the bytes of the frame to do it with."""
DECODE, RUN = 1, 2
LENGTH = struct.Struct("<I")
"""Before each answer: its bytes."""
LONGEST_ANSWER = 64 << 10

Said: TypeAlias = Literal["ready", "done", "bad-frame", "failed", "unavailable", "fatal"]
Reason: TypeAlias = Literal[
    "", "truncated", "empty", "not-an-image", "undecodable", "animated", "too-many-bytes",
    "too-many-pixels", "crashed",
]  # fmt: skip
"""Why a frame is bad. A child that a frame has taken over could say anything, and reasons are
labels of metrics."""


class EngineOrder(msgspec.Struct, frozen=True):
    """The engine that the child is to load."""

    bundle: str
    folder: str
    kind: EngineKind
    precision: Precision


class Orders(msgspec.Struct, frozen=True):
    """What a child is for, as its only argument."""

    parent: int
    """Process id of the service: without it there is nobody to work for."""
    memory: int
    """File descriptor of the shared memory."""
    input: InputSpec
    limits: Limits
    labels: int
    engine: EngineOrder | None


class Answer(msgspec.Struct, frozen=True):
    """What became of a request; the pixels or scores lie in the shared memory."""

    said: Said
    text: str = ""
    reason: Reason = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """The shared memory: one encoded frame, its pixels, its scores."""

    frame: memoryview
    pixels: Pixels
    """uint8 [1, H, W, 3]."""
    scores: Scores
    """float32 [1, C]."""


def desk_bytes(spec: InputSpec, limits: Limits, labels: int) -> int:
    return _up(limits.max_bytes) + _up(_pixel_bytes(spec)) + 4 * labels


def lay_out(memory: mmap.mmap, spec: InputSpec, limits: Limits, labels: int) -> Desk:
    """The parts of a memory of `desk_bytes`."""
    pixels_at = _up(limits.max_bytes)
    scores_at = pixels_at + _up(_pixel_bytes(spec))
    pixels: NDArray[np.uint8] = np.frombuffer(memory, np.uint8, _pixel_bytes(spec), pixels_at)
    scores: NDArray[np.float32] = np.frombuffer(memory, np.float32, labels, scores_at)
    shape = (1, spec.height, spec.width, 3)
    return Desk(memoryview(memory), pixels.reshape(shape), scores.reshape(1, -1))


def _pixel_bytes(spec: InputSpec) -> int:
    return spec.height * spec.width * 3


def _up(size: int) -> int:
    """To the next page, so that numbers lie where the processor likes them."""
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
