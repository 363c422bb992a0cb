"""Frames from simulated cameras: a stream with its truth, or a labelled data set."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.cameras.picture import Picture, encode_jpeg
from edge.cameras.simulated import LABELS, SimulatedCamera, scattered_shot

_VALIDATION_EVERY = 10
_STREAMED_EVERY = 2
_STREAM_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class SimulatedSource:
    """Several simulated cameras in turn, each `rate` times a simulated second."""

    cameras: int
    rate: float
    width: int
    height: int
    seed: int

    def pictures(self) -> Iterator[Picture]:
        cameras = [
            SimulatedCamera(f"gate-{number + 1}", self.seed, self.width, self.height)
            for number in range(self.cameras)
        ]
        tick = 0
        while True:
            for camera in cameras:
                shot = camera.shot(tick / self.rate)
                yield Picture(camera.name, encode_jpeg(shot.pixels), shot.label)
            tick += 1


@dataclass(frozen=True, slots=True)
class SimulatedDataSet:
    """Pictures with their labels, balanced: half of them scenes that have nothing to do with each
    other, half of them moments of streams, as the service will see them.
    """

    count: int
    width: int
    height: int
    seed: int

    def write(self, folder: Path) -> Iterator[Path]:
        """Write `folder/{train,val}/<label>/*.jpg`, one picture in ten for validation."""
        for index in range(self.count):
            label, data = self._picture(index)
            split = "val" if index // len(LABELS) % _VALIDATION_EVERY == 0 else "train"
            path = folder / split / label / f"{index:06d}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            yield path

    def _picture(self, index: int) -> tuple[str, bytes]:
        if index // len(LABELS) % _STREAMED_EVERY:
            camera = SimulatedCamera(f"data-{index}", self.seed, self.width, self.height)
            shot = camera.shot(index * 7.3 % _STREAM_SECONDS)
        else:
            shot = scattered_shot(self.seed, index, self.width, self.height)
        return shot.label, encode_jpeg(shot.pixels)
