"""What the GPU path asks of a decoder on the GPU, and which frames it is not asked about."""

from collections.abc import Sequence
from typing import Protocol

from deploy.bundle.header import ImageHeader
from deploy.engines.gpu.device import Stream
from deploy.engines.gpu.jobs import Surface

_END = b"\xff\xd9"
_PADDING = 4096
"""Bytes behind a picture that are looked through for its end; more cost a decode on the CPU."""
_COLOURS = frozenset({1, 3})


class Decoder(Protocol):
    """Decodes whole batches on the GPU, into memory of its own that it uses again."""

    def decode(self, frames: Sequence[bytes | memoryview], stream: Stream) -> list[Surface | None]:
        """Where each picture lies once the stream has come so far; None for one that failed.

        Pictures stay until the next call. Surfaces are not upright: their orientation is 1.

        Raises:
            Unavailable: the GPU is short of memory.
            Fatal: the GPU is lost.
        """

    def close(self) -> None:
        """Give its memory back; nothing under way may use it any more."""


def suits(data: bytes | memoryview, header: ImageHeader) -> bool:
    """Whether a GPU decodes it as it is defined: a baseline JPEG, grey or in colours, with its end.

    A GPU takes a JPEG that is cut short for a whole one, so those without an end are left to the
    CPU, which tells a cut from a camera that pads.
    """
    if header.format != "jpeg" or header.progressive or header.channels not in _COLOURS:
        return False
    return bytes(data[-_PADDING:]).rfind(_END) >= 0
