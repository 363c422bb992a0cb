"""One batch under way on a GPU, from encoded frames to probabilities, on a stream of its own.

Nothing is allocated for a batch, and the host waits for the GPU once: at its end.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from time import perf_counter
from typing import Protocol

import numpy as np

from deploy.bundle.errors import Fatal
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import LETTERBOX_GREY, Pixels
from deploy.bundle.reference import Outputs, Scores
from deploy.engines.gpu.decoding import Decoder
from deploy.engines.gpu.device import Device, Event, Kernel, Mirror, Stream
from deploy.engines.gpu.jobs import job
from deploy.engines.gpu.layout import Layout, lay_out
from deploy.engines.gpu.sorting import Sorted, on_cpu, sort
from deploy.engines.measurement import Run, Stages, total
from deploy.engines.protocol import Answers

_BLOCK = (32, 8, 1)
"""Pixels of the input that a block of threads makes; `kernels/resize.cu` counts on nothing else."""


class Network(Protocol):
    """A compiled network whose input and outputs lie where the lane wants them."""

    def bind(self, pixels: int, probabilities: int, logits: int) -> None:
        """Addresses on the GPU, for good."""

    def enqueue(self, count: int, stream: Stream) -> None:
        """Ask for a run over the first `count` places.

        Raises:
            Unavailable: the GPU is short of memory.
            Fatal: the GPU is lost.
        """

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Lane:
    """Memory, stream and events of one batch. Used by one thread at a time."""

    device: Device = field(repr=False)
    network: Network = field(repr=False)
    decoder: Decoder | None = field(repr=False)
    kernel: Kernel | None = field(repr=False)
    stream: Stream = field(repr=False)
    began: Event = field(repr=False)
    ready: Event = field(repr=False)
    """The network's input is complete."""
    answered: Event = field(repr=False)
    """The network's outputs are complete."""
    ended: Event = field(repr=False)
    memory: Mirror = field(repr=False)
    layout: Layout
    spec: InputSpec
    places: int

    def run(self, pixels: Pixels) -> Outputs:
        """Probabilities and logits of uint8 [N, H, W, 3]; more than fit go in several batches."""
        parts = [
            self._run(pixels[start : start + self.places])
            for start in range(0, len(pixels), self.places)
        ]
        return Outputs(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    def run_encoded(self, frames: Sequence[bytes | memoryview], limits: Limits) -> Answers:
        """What the network says of each encoded frame; more than fit go in several batches."""
        parts = [
            self._run_encoded(frames[start : start + self.places], limits)
            for start in range(0, len(frames), self.places)
        ]
        return Answers(
            [row for part in parts for row in part.rows],
            sum(part.input_seconds for part in parts),
            sum(part.network_seconds for part in parts),
            sum(part.decoded_on_cpu for part in parts),
        )

    def run_timed(self, pixels: Pixels) -> Run:
        """What a run takes; its answer is of no interest."""
        parts = [
            self._run_timed(pixels[start : start + self.places])
            for start in range(0, len(pixels), self.places)
        ]
        return Run(sum(part.seconds for part in parts), total([part.stages for part in parts]))

    def close(self) -> None:
        with self.device.current():
            self.stream.synchronize()
            if self.decoder is not None:
                self.decoder.close()
            self.network.close()
            if self.kernel is not None:
                self.kernel.close()
            for event in (self.began, self.ready, self.answered, self.ended):
                event.close()
            self.stream.close()
            self.memory.free()

    def _run(self, pixels: Pixels) -> tuple[Scores, Scores]:
        with self._under_way():
            self._put(0, pixels)
            self._infer(len(pixels), logits=True)
        return self._scores(len(pixels)), self._logits(len(pixels))

    def _run_timed(self, pixels: Pixels) -> Run:
        start = perf_counter()
        with self._under_way():
            self._put(0, pixels)
            self._infer(len(pixels), logits=False)
            seconds = perf_counter() - start
            moments = (self.began, self.ready, self.answered, self.ended)
            taken = [later.seconds_since(earlier) for earlier, later in pairwise(moments)]
        return Run(seconds, Stages(*taken))

    def _run_encoded(self, frames: Sequence[bytes | memoryview], limits: Limits) -> Answers:
        assert self.decoder is not None
        sorted_ = sort(frames, self.spec, limits)
        waiting, inferring = 0.0, 0.0
        with self._under_way():
            self._decode(frames, sorted_, limits)
            order = sorted_.order
            if order:
                self._place(sorted_, order)
                self._infer(len(order), logits=False)
                waiting = self.ready.seconds_since(self.began)
                inferring = self.ended.seconds_since(self.ready)
        rows = sorted_.rows(dict(zip(order, self._scores(len(order)), strict=True)))
        return Answers(rows, waiting, inferring, len(sorted_.pixels))

    @contextmanager
    def _under_way(self) -> Iterator[None]:
        """However it ends, nothing is under way afterwards: the memory may be used again."""
        with self.device.current():
            self.began.record(self.stream)
            try:
                yield
            except BaseException:
                self.stream.synchronize()
                raise

    def _decode(
        self, frames: Sequence[bytes | memoryview], sorted_: Sorted, limits: Limits
    ) -> None:
        """Decode on the GPU what suits it; what fails there, the CPU judges."""
        assert self.decoder is not None
        asked = list(sorted_.headers)
        if not asked:
            return
        surfaces = self.decoder.decode([frames[index] for index in asked], self.stream)
        for index, surface in zip(asked, surfaces, strict=True):
            if surface is None:
                on_cpu(index, frames[index], sorted_, self.spec, limits)
            else:
                sorted_.surfaces[index] = surface

    def _place(self, sorted_: Sorted, order: list[int]) -> None:
        """Bring every picture to its place in the network's input."""
        jobs = self.layout.jobs.on_host(self.memory)
        count = 0
        for at, index in enumerate(order):
            if index in sorted_.surfaces:
                jobs[count] = job(sorted_.upright(index), self.spec, at)
                count += 1
            else:
                self._put(at, sorted_.pixels[index][None])
        if count:
            region = self.layout.jobs
            self.memory.to_device(region.start, region.start + count * region.row, self.stream)
            self._resize(count)

    def _put(self, at: int, pixels: Pixels) -> None:
        region = self.layout.pixels
        region.on_host(self.memory)[at : at + len(pixels)] = pixels
        start = region.start + at * region.row
        self.memory.to_device(start, start + len(pixels) * region.row, self.stream)

    def _resize(self, jobs: int) -> None:
        assert self.kernel is not None
        width, height = self.spec.width, self.spec.height
        grid = (-(-width // _BLOCK[0]), -(-height // _BLOCK[1]), jobs)
        table = self.memory.address + self.layout.jobs.start
        batch = self.memory.address + self.layout.pixels.start
        numbers = (np.int32(width), np.int32(height), np.int32(LETTERBOX_GREY))
        self.kernel.launch(
            grid, _BLOCK, (np.uint64(table), np.uint64(batch), *numbers), self.stream
        )

    def _infer(self, count: int, *, logits: bool) -> None:
        """Run the network and wait: the one time that the host does."""
        self.ready.record(self.stream)
        self.network.enqueue(count, self.stream)
        self.answered.record(self.stream)
        regions = (self.layout.probabilities, self.layout.logits)
        for region in regions if logits else regions[:1]:
            self.memory.to_host(region.start, region.start + count * region.row, self.stream)
        self.ended.record(self.stream)
        self.ended.wait()

    def _scores(self, count: int) -> Scores:
        scores: Scores = self.layout.probabilities.on_host(self.memory)[:count].copy()
        return scores

    def _logits(self, count: int) -> Scores:
        logits: Scores = self.layout.logits.on_host(self.memory)[:count].copy()
        return logits


def open_lane(
    device: Device,
    network: Network,
    decoder: Decoder | None,
    spec: InputSpec,
    labels: int,
    places: int,
) -> Lane:
    """Take all that batches of up to `places` pictures need. Call it within `device.current()`.

    Args:
        decoder: None where frames come decoded.

    Raises:
        Unavailable: the GPU has not so much memory now.
        Fatal: our kernel is not compiled for this chip and driver.
    """
    layout = lay_out(places, spec, labels)
    memory = device.mirror(layout.size)
    try:
        kernel = device.kernel("resize") if decoder is not None else None
    except Fatal:
        memory.free()
        raise
    regions = (layout.pixels, layout.probabilities, layout.logits)
    network.bind(*(memory.address + region.start for region in regions))
    events = (device.event(), device.event(), device.event(), device.event())
    stream = device.stream()
    return Lane(device, network, decoder, kernel, stream, *events, memory, layout, spec, places)
