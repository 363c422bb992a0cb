"""A batch of frames to their outcomes: decode, run the engine, find the frame that breaks it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deploy.bundle.errors import BadFrame, Fatal, Unavailable
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Limits, Pixels, frame_to_pixels
from deploy.bundle.reference import Scores
from deploy.engines.protocol import Session
from edge.frame import Frame
from edge.freshness import Freshness
from edge.gate import Gate
from edge.outcome import Classified, DeadLettered, Outcome, Skipped


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
        if late := self.freshness.verdict(frame, frame.stamps.taken):
            return Skipped(frame, late)
        picture = self._decode(frame)
        if self.gate is None or isinstance(picture, DeadLettered):
            return picture
        same = self.gate.same_as(frame, picture)
        return Skipped(frame, "gated", same) if same else picture

    def _decode(self, frame: Frame) -> Pixels | DeadLettered:
        if frame.corrupt is not None:
            return DeadLettered(frame, "corrupt-record", frame.corrupt)
        if frame.value is None:
            return DeadLettered(frame, "null", "the record has no value")
        try:
            if self.decoder is not None:
                return self.decoder(frame.value)
            return frame_to_pixels(frame.value, self.input, self.limits)
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
        rows = self._run_or_split([picture for _, picture in pictures])
        ended = self.clock()
        outcomes: dict[int, Outcome] = {}
        for (index, picture), row in zip(pictures, rows, strict=True):
            frame = frames[index]
            frame.stamps.started, frame.stamps.inferred = started, ended
            if isinstance(row, BadFrame):
                outcomes[index] = DeadLettered(frame, row.reason, str(row))
            else:
                outcomes[index] = seen = Classified(frame, self._top_scores(row), self.engine)
                if self.gate is not None:
                    self.gate.saw(seen, picture)
        return outcomes

    def _run_or_split(self, pictures: list[Pixels]) -> list[Scores | BadFrame]:
        """Scores of each picture, or how the engine failed on it once it was run alone."""
        try:
            scores = self.session.run(np.stack(pictures))
            return (
                list(scores) if np.isfinite(scores).all() else self._split(pictures, "not finite")
            )
        except (Unavailable, Fatal):
            raise
        except BadFrame as error:
            return [error] if len(pictures) == 1 else self._split(pictures, str(error))
        except Exception as error:  # noqa: BLE001 - whatever one frame can provoke in a driver
            return self._split(pictures, f"{type(error).__name__}: {error}")

    def _split(self, pictures: list[Pixels], failure: str) -> list[Scores | BadFrame]:
        if len(pictures) == 1:
            return [BadFrame("engine-failed", f"the engine failed on this frame: {failure}")]
        middle = len(pictures) // 2
        return self._run_or_split(pictures[:middle]) + self._run_or_split(pictures[middle:])

    def _top_scores(self, row: Scores) -> Mapping[str, float]:
        highest = np.argsort(-row, kind="stable")[: self.top]
        return {self.labels[index]: round(float(row[index]), 6) for index in highest}
