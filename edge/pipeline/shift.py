"""The threads that run the sessions of one engine, until those of another take over."""

from collections.abc import Callable, Sequence
from threading import Event, Thread

from edge.observe.metrics import Metrics
from edge.outcome import Outcome
from edge.pipeline.classify import Classifier
from edge.pipeline.crew import Crew
from edge.pipeline.infer import NAME, InferStage
from edge.pipeline.intake import Intake

_JOIN_SECONDS = 0.2


class Shifts:
    """One shift after another takes from the same intake, so no frame notices the change."""

    def __init__(
        self,
        crew: Crew,
        intake: Intake,
        publish: Callable[[list[Outcome]], None],
        metrics: Metrics,
    ) -> None:
        self._crew = crew
        self._intake = intake
        self._publish = publish
        self._metrics = metrics
        self._relieved = Event()
        self._threads: list[Thread] = []
        self._started = 0

    def begin(self, classifiers: Sequence[Classifier], beat: Callable[[], None]) -> None:
        """Start a thread for each session, and return when those of the shift before have ended,
        each after the batch that it was at.

        Args:
            beat: is called now and then while they are waited for.
        """
        before, over = self._threads, self._relieved
        self._relieved = Event()
        self._threads = [self._start(classifier) for classifier in classifiers]
        over.set()
        for thread in before:
            while thread.is_alive():
                thread.join(_JOIN_SECONDS)
                beat()

    def _start(self, classifier: Classifier) -> Thread:
        name = f"{NAME}-{self._started}"
        self._started += 1
        stage = InferStage(
            name,
            self._crew,
            self._intake,
            classifier,
            self._publish,
            self._metrics,
            self._relieved,
        )
        return self._crew.start(name, stage.run)
