"""A batch of frames to their outcomes: decode, run the engine, find the frame that breaks it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from deploy.bundle.errors import BadFrame, Fatal, Unavailable
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels, frame_to_pixels
from deploy.engines.protocol import Session
from edge.frame import Frame
from edge.freshness import Freshness
from edge.gate import Gate
from edge.hops import hops_of
from edge.outcome import Classified, DeadLettered, Outcome, Skipped
from edge.pipeline.answer import decide, screen
from edge.pipeline.bisection import Row, run_or_split


@dataclass(frozen=True, slots=True)
class Classifier:
    """One session with its decoder. Used by one thread."""

    session: Session
    input: InputSpec
    labels: tuple[str, ...]
    limits: Limits
    top: int
    clock: Callable[[], float]
    freshness: Freshness
    gate: Gate | None = None
    """Shared with the classifiers of the other sessions."""
    engine: str = ""
    """Digest of the engine, which its classifications carry."""
    decoder: Callable[[bytes], Pixels] | None = None
    """Decodes and resizes somewhere else; None does it here. Raises BadFrame, or Unavailable."""

    def classify(self, frames: Sequence[Frame]) -> list[Outcome]:
        """One outcome for each frame, in their order. A bad frame never affects another.

        Raises:
            Unavailable: the device cannot run the batch now, or whoever decodes was ended.
            Fatal: the device is gone.
        """
        outcomes: dict[int, Outcome] = {}
        pictures: list[tuple[int, Pixels]] = []
        for index, frame in enumerate(frames):
            frame.stamps.taken = self.clock()
            picture = self._picture(frame)
            frame.stamps.decoded = self.clock()
            if isinstance(picture, Skipped | DeadLettered):
                outcomes[index] = picture
            else:
                pictures.append((index, picture))
        if pictures:
            outcomes |= self._infer(frames, pictures)
        return [outcomes[index] for index in range(len(frames))]

    def _picture(self, frame: Frame) -> Pixels | Skipped | DeadLettered:
        """What the network is to see, if it is."""
        data = screen(frame, self.freshness)
        if not isinstance(data, bytes):
            return data
        picture = self._decode(frame, data)
        # Whoever puts a frame back wants it looked at.
        back = hops_of(frame.headers) > 0
        if self.gate is None or back or isinstance(picture, DeadLettered):
            return picture
        same = self.gate.same_as(frame, picture)
        return Skipped(frame, "gated", same) if same else picture

    def _decode(self, frame: Frame, data: bytes) -> Pixels | DeadLettered:
        try:
            if self.decoder is not None:
                return self.decoder(data)
            return frame_to_pixels(data, self.input, self.limits)
        except BadFrame as error:
            return DeadLettered(frame, error.reason, str(error))
        except (Unavailable, Fatal, MemoryError):
            # Who is short of memory may be somebody else: the frame is tried alone, after we died.
            raise
        except Exception as error:  # noqa: BLE001 - whatever one frame can provoke in a decoder
            failure = f"the decoder failed: {type(error).__name__}: {error}"
            return DeadLettered(frame, "undecodable", failure)

    def _infer(
        self, frames: Sequence[Frame], pictures: Sequence[tuple[int, Pixels]]
    ) -> dict[int, Outcome]:
        started = self.clock()
        rows = run_or_split([picture for _, picture in pictures], self._run)
        ended = self.clock()
        outcomes: dict[int, Outcome] = {}
        for (index, picture), row in zip(pictures, rows, strict=True):
            frame = frames[index]
            frame.stamps.started, frame.stamps.inferred = started, ended
            outcome = decide(frame, row, self.labels, self.top, self.engine)
            outcomes[index] = outcome
            if self.gate is not None and isinstance(outcome, Classified):
                self.gate.saw(outcome, picture)
        return outcomes

    def _run(self, pictures: Sequence[Pixels]) -> Sequence[Row]:
        return list(self.session.run(np.stack(pictures)))
