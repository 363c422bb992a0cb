"""A candidate sees live frames beside the engine that serves, and nobody waits for it."""

from collections.abc import Sequence
from dataclasses import replace
from queue import Empty, Full, Queue
from threading import Lock

from edge.frame import Stamps
from edge.outcome import Classified, Outcome
from edge.pipeline.infer import Classifies
from edge.rollout.figures import Comparison

_WAITING_BATCHES = 4


class Shadow:
    """`offer` is called by inference threads and takes no time; `compare` by one thread alone.

    Whole batches are taken, so that both engines are timed on the same one.
    """

    def __init__(self, classifier: Classifies, share: float, comparison: Comparison) -> None:
        self.comparison = comparison
        self.dropped = 0
        """Frames that were to be compared, and for which there was no time."""
        self._classifier = classifier
        self._share = share
        self._due = 0.0
        self._lock = Lock()
        self._waiting: Queue[list[Classified]] = Queue(_WAITING_BATCHES)

    def offer(self, outcomes: Sequence[Outcome]) -> None:
        """Some of the batches are taken, so many that the share is kept to.

        Suspects never are: what a child survived is not to touch this process.
        """
        live = [it for it in outcomes if isinstance(it, Classified) and not it.frame.suspect]
        if not live or not self._is_due(len(live)):
            return
        try:
            # The frames' pictures are let go once this returns.
            self._waiting.put_nowait([replace(it, frame=replace(it.frame)) for it in live])
        except Full:
            self.dropped += len(live)

    def compare(self, seconds: float) -> int:
        """Run the candidate on the next batch, waiting so long for one; how many frames it had.

        Raises:
            Unavailable: the device cannot run it now.
            Fatal: the device is gone.
        """
        try:
            live = self._waiting.get(timeout=seconds)
        except Empty:
            return 0
        unseen = [replace(it.frame, stamps=Stamps(0.0, 0.0)) for it in live]
        self.comparison.note(live, self._classifier.classify(unseen))
        return len(live)

    def _is_due(self, frames: int) -> bool:
        with self._lock:
            self._due += frames * self._share
            if self._due < frames:
                return False
            self._due -= frames
            return True
