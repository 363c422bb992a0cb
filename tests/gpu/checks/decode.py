"""nvImageCodec: images a second by size of batch, mixed sizes, and bad pictures among good."""

import time
from collections.abc import Sequence

from deploy.engines.cuda import open_gpu
from deploy.engines.device import core_count
from deploy.engines.gpu.decoding import Decoder
from deploy.engines.gpu.device import Device, Stream
from deploy.engines.gpu.nvimgcodec import open_decoder
from tests.encoded import jpeg, smooth
from tests.gpu.checks.report import Figures

_BATCHES = (1, 8, 64, 256)
_SIZES = ((720, 1280), (480, 640), (1080, 1920))
_SECONDS = 2.0


def check() -> Figures:
    gpu = open_gpu()
    with gpu.current():
        decoder = open_decoder(core_count())
    return figures(gpu, decoder, _BATCHES, _SECONDS)


def figures(device: Device, decoder: Decoder, batches: Sequence[int], seconds: float) -> Figures:
    frames = [jpeg(smooth(*size), quality=90) for size in _SIZES]
    bad = frames[0][:200] + bytes(2000)
    with device.current():
        stream = device.stream()
        mixed = [found is not None for found in decoder.decode([*frames, bad, *frames], stream)]
        stream.synchronize()
        rates = {}
        for batch in batches:
            rates[str(batch)] = round(_rate(decoder, [frames[0]] * batch, stream, seconds))
        decoder.close()
        stream.close()
    return {
        "frame": list(_SIZES[0]),
        "mixed_sizes_with_a_bad_one": mixed,
        "images_per_second_by_batch": rates,
    }


def _rate(decoder: Decoder, frames: list[bytes], stream: Stream, seconds: float) -> float:
    """Images a second after a batch to warm up."""
    decoder.decode(frames, stream)
    stream.synchronize()
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        decoder.decode(frames, stream)
        stream.synchronize()
        count += len(frames)
    return count / (time.perf_counter() - began)
