"""Stage two: each session takes a batch as soon as it is idle."""

from collections.abc import Callable, Sequence
from threading import Event
from typing import Protocol, TypeAlias

from deploy.bundle.errors import Unavailable
from edge.frame import Frame
from edge.observe.logs import get_logger
from edge.observe.metrics import Metrics
from edge.outcome import DeadLettered, Outcome
from edge.pipeline.crew import Crew
from edge.pipeline.hands import Hands

_log = get_logger("infer")
NAME = "infer"
Witness: TypeAlias = Callable[[Sequence[Outcome]], None]
"""Is shown the outcomes of each batch while their frames still have their pictures; what it does
takes no time."""
_TAKE_SECONDS = 0.2
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.1, 5.0


def unwatched(_: Sequence[Outcome]) -> None:
    """Nobody looks on."""


class Classifies(Protocol):
    """Whatever makes outcomes of frames."""

    def classify(self, frames: Sequence[Frame]) -> list[Outcome]:
        """One outcome for each frame, in their order.

        Raises:
            Unavailable: the device cannot run the batch now.
            Fatal: the device is gone.
        """


class InferStage:
    """The loop of one session, run by a thread of its own."""

    def __init__(
        self,
        name: str,
        crew: Crew,
        take: Callable[[float], list[Frame]],
        hands: Hands,
        classifier: Classifies,
        publish: Callable[[list[Outcome]], None],
        metrics: Metrics,
        relieved: Event,
        witness: Witness = unwatched,
    ) -> None:
        """`take` waits up to that many seconds for the next batch, empty if none came. `relieved`
        is set when another session takes over: this one ends after its batch.
        """
        self.name = name
        self._crew = crew
        self._take = take
        self._hands = hands
        self._classifier = classifier
        self._publish = publish
        self._metrics = metrics
        self._relieved = relieved
        self._witness = witness

    def run(self) -> None:
        while not self._crew.stopping and not self._relieved.is_set():
            self._crew.beat(self.name)
            frames = self._take(_TAKE_SECONDS)
            if frames:
                self._hands.take(self.name, frames)
                outcomes = self._patiently(frames)
                self._hands.put_down(self.name)
                self._witness(outcomes)
                _let_go(outcomes)
                self._publish(outcomes)

    def _patiently(self, frames: list[Frame]) -> list[Outcome]:
        """Classify, waiting out a device that is busy; nothing while the service stops."""
        backoff = _FIRST_BACKOFF
        while True:
            try:
                outcomes = self._classifier.classify(frames)
            except Unavailable as error:
                _log.warning("the engine is busy, trying again", error=str(error), after=backoff)
                if self._crew.wait(backoff):
                    return []
                self._crew.beat(self.name)
                self._hands.still(self.name)
                backoff = min(2 * backoff, _LONGEST_BACKOFF)
            else:
                self._note(frames)
                return outcomes

    def _note(self, frames: list[Frame]) -> None:
        self._metrics.batch_size.observe(len(frames))
        inferred = [frame.stamps for frame in frames if frame.stamps.inferred]
        if inferred:
            self._metrics.engine_seconds.observe(inferred[0].inferred - inferred[0].started)


def _let_go(outcomes: list[Outcome]) -> None:
    """Outcomes may wait long for that of a slow frame before them, without their pictures."""
    for outcome in outcomes:
        if not isinstance(outcome, DeadLettered):
            outcome.frame.let_go()
