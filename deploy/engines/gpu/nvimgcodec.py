"""The one door to nvImageCodec: whole batches of JPEGs decoded on the GPU.

Not proven on a GPU: none was at hand when this was written.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from deploy.bundle.errors import Fatal, MissingDriver
from deploy.engines.gpu.device import Stream
from deploy.engines.gpu.jobs import COLOURS, Surface

_DEVICE = 0


class NvImageCodec:
    """A decoder for one lane. Pictures are decoded into buffers of nvImageCodec's, which are used
    again for the next batch and grow up to the largest picture that came.
    """

    def __init__(self, library: Any, decoder: Any, parameters: Any) -> None:
        self._library = library
        self._decoder = decoder
        self._parameters = parameters
        self._images: list[Any] = []
        """Buffers, one for each place of the largest batch so far."""

    def decode(self, frames: Sequence[bytes | memoryview], stream: Stream) -> list[Surface | None]:
        sources = {at: each for at, each in enumerate(map(self._parsed, frames)) if each}
        surfaces: list[Surface | None] = [None] * len(frames)
        for at, image in zip(sources, self._decode([*sources.values()], stream), strict=True):
            surfaces[at] = _surface(image)
        return surfaces

    def close(self) -> None:
        self._images.clear()
        self._decoder = None

    def _parsed(self, frame: bytes | memoryview) -> Any:
        """A view of the frame, which must outlive it; None if it cannot be read."""
        try:
            return self._library.CodeStream(np.frombuffer(frame, np.uint8))
        except RuntimeError:
            return None

    def _decode(self, sources: list[Any], stream: Stream) -> list[Any]:
        """A picture or None for each, in buffers that were used before as far as there are any."""
        reused = min(len(sources), len(self._images))
        decoded = self._into(sources[:reused], {"images": self._images[:reused]}, stream)
        fresh = self._into(sources[reused:], {}, stream)
        self._images.extend(image for image in fresh if image is not None)
        return [*decoded, *fresh]

    def _into(self, sources: list[Any], into: dict[str, Any], stream: Stream) -> list[Any]:
        if not sources:
            return []
        found: list[Any] = self._decoder.decode(
            sources, params=self._parameters, cuda_stream=stream.handle, **into
        )
        return found


def open_decoder(threads: int) -> NvImageCodec:
    """A decoder on the first GPU.

    Args:
        threads: of the CPU, for the part of the work that a GPU leaves to it.

    Raises:
        MissingDriver: nvImageCodec is not installed.
        Fatal: it finds no GPU, or no nvJPEG.
    """
    library = _library()
    kinds = library.BackendKind
    backends = [library.Backend(each) for each in (kinds.HW_GPU_ONLY, kinds.GPU_ONLY)]
    backends.append(library.Backend(kinds.HYBRID_CPU_GPU))
    try:
        decoder = library.Decoder(device_id=_DEVICE, max_num_cpu_threads=threads, backends=backends)
    except RuntimeError as error:
        raise Fatal(f"nvImageCodec cannot decode on this GPU: {error}") from error
    parameters = library.DecodeParams(
        apply_exif_orientation=False,  # the resize walks the picture the way it stands
        color_spec=library.ColorSpec.SRGB,
        allow_any_depth=False,
        sample_format=library.SampleFormat.I_RGB,
    )
    return NvImageCodec(library, decoder, parameters)


def _surface(image: Any) -> Surface | None:
    """Where a decoded picture lies; None if it is not what the resize takes."""
    if image is None:
        return None
    layout = image.__cuda_array_interface__
    height, width, colours = layout["shape"]
    if colours != COLOURS or layout["typestr"] != "|u1":
        return None
    strides = layout["strides"] or (width * COLOURS, COLOURS, 1)
    return Surface(layout["data"][0], width, height, strides[0])


def _library() -> Any:
    try:
        import nvidia.nvimgcodec
    except ImportError:
        raise MissingDriver("nvidia-nvimgcodec", "gpu") from None
    return nvidia.nvimgcodec
