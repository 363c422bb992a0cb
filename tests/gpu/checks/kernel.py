"""The resize kernel on the GPU: equal, to the byte, to its source on the CPU; and how fast.

Run it under `compute-sanitizer --tool memcheck` (racecheck, initcheck) as well.
"""

from collections.abc import Sequence
from itertools import product
from typing import get_args

import numpy as np

from deploy.bundle.manifest import Filter, InputSpec, Resize
from deploy.bundle.pixels import LETTERBOX_GREY, Pixels, resize
from deploy.engines.cuda import open_gpu
from deploy.engines.gpu.device import Device, Mirror
from deploy.engines.gpu.jobs import JOB, Surface, job, table
from deploy.engines.gpu.layout import Layout, lay_out
from tests.encoded import noise, smooth
from tests.gpu.checks.report import Figures
from tests.gpu.host_kernel import host_kernel

_BLOCK = (32, 8, 1)
_SIZES = ((720, 1280), (1080, 1920), (97, 61), (224, 224), (40, 300))
_BATCH, _ROUNDS = 64, 50


def check() -> Figures:
    return figures(open_gpu(), (224, 224), _SIZES, _BATCH)


def figures(
    device: Device, target: tuple[int, int], sizes: Sequence[tuple[int, int]], batch: int
) -> Figures:
    host, differ, worst = host_kernel(), 0, 0.0
    pictures = [*(noise(*size) for size in sizes), *(smooth(*size) for size in sizes)]
    for how, filtered in product(get_args(Resize), get_args(Filter)):
        spec = InputSpec(*target, how, filtered)
        found, _ = _resized(device, pictures, spec, rounds=1)
        for picture, there in zip(pictures, found, strict=True):
            differ += int((there != host.picture(picture, spec)).sum())
            worst = max(worst, float(np.abs(there.astype(int) - resize(picture, spec)).mean()))
    spec, frames = InputSpec(*target), [noise(*sizes[0])] * batch
    _, seconds = _resized(device, frames, spec, rounds=_ROUNDS)
    return {
        "bytes_unlike_the_same_source_on_the_cpu": differ,
        "worst_mean_difference_from_definition_levels": round(worst, 4),
        "batch": batch,
        "frame": list(sizes[0]),
        "seconds_per_batch": seconds,
        "bytes_per_second": round(batch * (frames[0].nbytes + 3 * np.prod(target)) / seconds),
    }


def _resized(
    device: Device, pictures: Sequence[Pixels], spec: InputSpec, rounds: int
) -> tuple[Pixels, float]:
    """The pictures as the kernel makes them, and seconds of one launch of `rounds`."""
    layout = lay_out(len(pictures), spec, 1)
    with device.current():
        source = device.mirror(sum(picture.nbytes for picture in pictures))
        memory, stream = device.mirror(layout.size), device.stream()
        _fill(source, memory, layout, pictures, spec)
        source.to_device(0, len(source.host), stream)
        memory.to_device(0, layout.jobs.end, stream)
        grid = (-(-spec.width // _BLOCK[0]), -(-spec.height // _BLOCK[1]), len(pictures))
        addresses = [np.uint64(memory.address + it.start) for it in (layout.jobs, layout.pixels)]
        numbers = [np.int32(it) for it in (spec.width, spec.height, LETTERBOX_GREY)]
        kernel, began, ended = device.kernel("resize"), device.event(), device.event()
        began.record(stream)
        for _ in range(rounds):
            kernel.launch(grid, _BLOCK, (*addresses, *numbers), stream)
        ended.record(stream)
        memory.to_host(layout.pixels.start, layout.pixels.end, stream)
        stream.synchronize()
        found: Pixels = layout.pixels.on_host(memory).copy()
        seconds = ended.seconds_since(began) / rounds
        for each in (kernel, began, ended, stream):
            each.close()
        source.free()
        memory.free()
        return found, seconds


def _fill(
    source: Mirror, memory: Mirror, layout: Layout, pictures: Sequence[Pixels], spec: InputSpec
) -> None:
    jobs, at = [], 0
    for place, picture in enumerate(pictures):
        height, width = picture.shape[:2]
        source.host[at : at + picture.nbytes] = picture.reshape(-1)
        surface = Surface(source.address + at, width, height, picture.strides[0])
        jobs.append(job(surface, spec, place))
        at += picture.nbytes
    assert layout.jobs.dtype == JOB
    layout.jobs.on_host(memory)[:] = table(jobs)
