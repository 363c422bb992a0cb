"""A batch of frames to their outcomes by an engine that decodes as well: only bytes go in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deploy.bundle.limits import Limits
from deploy.engines.protocol import Answers, DecodingSession
from edge.frame import Frame
from edge.freshness import Freshness
from edge.outcome import DeadLettered, Outcome, Skipped
from edge.pipeline.answer import decide, screen
from edge.pipeline.bisection import Row, run_or_split


@dataclass(frozen=True, slots=True)
class EncodedClassifier:
    """One session. Used by one thread."""

    session: DecodingSession
    labels: tuple[str, ...]
    limits: Limits
    top: int
    clock: Callable[[], float]
    freshness: Freshness
    engine: str
    """Digest of the engine, which its classifications carry."""
    count: Callable[[int], None]
    """Hears how many frames of each run had to be decoded on the CPU."""

    def classify(self, frames: Sequence[Frame]) -> list[Outcome]:
        """One outcome for each frame, in their order. A bad frame never affects another.

        Raises:
            Unavailable: the device cannot run the batch now.
            Fatal: the device is gone.
        """
        outcomes: dict[int, Outcome] = {}
        wanted: dict[int, bytes] = {}
        taken = self.clock()
        for index, frame in enumerate(frames):
            frame.stamps.taken = taken
            data = screen(frame, self.freshness)
            if isinstance(data, Skipped | DeadLettered):
                frame.stamps.decoded = taken
                outcomes[index] = data
            else:
                wanted[index] = data
        if wanted:
            outcomes |= self._infer(frames, wanted)
        return [outcomes[index] for index in range(len(frames))]

    def _infer(self, frames: Sequence[Frame], wanted: dict[int, bytes]) -> dict[int, Outcome]:
        runs: list[Answers] = []

        def run(batch: Sequence[bytes]) -> Sequence[Row]:
            runs.append(self.session.run_encoded(batch, self.limits))
            return runs[-1].rows

        rows = run_or_split([*wanted.values()], run)
        self.count(sum(each.decoded_on_cpu for each in runs))
        outcomes: dict[int, Outcome] = {}
        for index, row in zip(wanted, rows, strict=True):
            outcomes[index] = decide(frames[index], row, self.labels, self.top, self.engine)
        self._stamp([frames[index] for index in wanted], sum(it.network_seconds for it in runs))
        return outcomes

    def _stamp(self, frames: Sequence[Frame], network_seconds: float) -> None:
        """The device's clock tells how long its network took; what came before was decode."""
        ended = self.clock()
        for frame in frames:
            stamps = frame.stamps
            stamps.inferred = ended
            stamps.decoded = stamps.started = max(stamps.taken, ended - network_seconds)
