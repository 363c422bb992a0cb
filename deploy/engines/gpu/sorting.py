"""Which frames of a batch the GPU decodes, which the CPU, and which are no pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from deploy.bundle.errors import BadFrame
from deploy.bundle.header import ImageHeader
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels, check, frame_to_pixels
from deploy.bundle.reference import Scores
from deploy.engines.gpu.decoding import suits
from deploy.engines.gpu.jobs import Surface


@dataclass(frozen=True, slots=True)
class Sorted:
    """A batch, by index of its frames. Each is in `refused`, `pixels` or `surfaces` in the end."""

    size: int
    headers: dict[int, ImageHeader] = field(default_factory=dict)
    """Of those that the GPU is asked to decode."""
    surfaces: dict[int, Surface] = field(default_factory=dict)
    """Decoded on the GPU."""
    pixels: dict[int, Pixels] = field(default_factory=dict)
    """Decoded and resized on the CPU."""
    refused: dict[int, BadFrame] = field(default_factory=dict)

    @property
    def order(self) -> list[int]:
        """The pictures; their places in the network's input are the places in this list."""
        return sorted([*self.surfaces, *self.pixels])

    def upright(self, index: int) -> Surface:
        """A decoded picture with the orientation that its header tells."""
        return replace(self.surfaces[index], orientation=self.headers[index].orientation)

    def rows(self, scores: Mapping[int, Scores]) -> list[Scores | BadFrame]:
        """One answer for each frame, in their order."""
        answers: dict[int, Scores | BadFrame] = {**self.refused, **scores}
        return [answers[index] for index in range(self.size)]


def sort(frames: Sequence[bytes | memoryview], spec: InputSpec, limits: Limits) -> Sorted:
    """Look at each frame's header; decode here what the GPU cannot."""
    sorted_ = Sorted(len(frames))
    for index, frame in enumerate(frames):
        try:
            header = check(frame, limits)
        except BadFrame as error:
            sorted_.refused[index] = error
            continue
        if suits(frame, header):
            sorted_.headers[index] = header
        else:
            on_cpu(index, frame, sorted_, spec, limits)
    return sorted_


def on_cpu(
    index: int, frame: bytes | memoryview, sorted_: Sorted, spec: InputSpec, limits: Limits
) -> None:
    """Decode and resize here, as it is defined."""
    try:
        sorted_.pixels[index] = frame_to_pixels(frame, spec, limits)
    except BadFrame as error:
        sorted_.refused[index] = error
