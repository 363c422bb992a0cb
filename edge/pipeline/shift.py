"""The threads that run the sessions of one engine, until those of another take over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event, Thread

from edge.frame import Frame
from edge.observe.metrics import Metrics
from edge.outcome import Outcome
from edge.pipeline.crew import Crew
from edge.pipeline.hands import Hands
from edge.pipeline.infer import Classifies, InferStage, Witness, unwatched

_JOIN_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Post:
    """What one thread of a shift works with. No two posts of a service have the same name."""

    name: str
    take: Callable[[float], list[Frame]]
    """Waits up to that many seconds for the next batch, empty if none came."""
    classifier: Classifies
    close: Callable[[], None] = lambda: None
    """Is called when its thread ends."""


class Shifts:
    """One shift after another takes from the same intake, so no frame notices the change."""

    def __init__(
        self,
        crew: Crew,
        hands: Hands,
        publish: Callable[[list[Outcome]], None],
        metrics: Metrics,
        witness: Witness = unwatched,
    ) -> None:
        self._crew = crew
        self._hands = hands
        self._publish = publish
        self._metrics = metrics
        self._witness = witness
        self._relieved = Event()
        self._threads: list[Thread] = []

    def begin(self, posts: Sequence[Post], beat: Callable[[], None]) -> None:
        """Start a thread for each post, and return when those of the shift before have ended,
        each after the batch that it was at.

        Args:
            beat: is called now and then while they are waited for.
        """
        before, over = self._threads, self._relieved
        self._relieved = Event()
        self._threads = [self._start(post) for post in posts]
        over.set()
        for thread in before:
            while thread.is_alive():
                thread.join(_JOIN_SECONDS)
                beat()

    def _start(self, post: Post) -> Thread:
        stage = InferStage(
            post.name,
            self._crew,
            post.take,
            self._hands,
            post.classifier,
            self._publish,
            self._metrics,
            self._relieved,
            self._witness,
        )

        def run() -> None:
            try:
                stage.run()
            finally:
                post.close()

        return self._crew.start(post.name, run)
