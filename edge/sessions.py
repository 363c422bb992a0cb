"""The sessions that take frames: those of the engine, and one that tries suspects alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from deploy.bundle.errors import Fatal
from deploy.bundle.pixels import Limits, Pixels
from deploy.engines.protocol import Session
from edge.frame import Frame
from edge.freshness import Freshness
from edge.gate import Gate
from edge.isolation.isolated import POSSIBLE, Isolated
from edge.isolation.orders import EngineOrder
from edge.observe.metrics import Metrics
from edge.pipeline import infer
from edge.pipeline.classify import Classifier
from edge.pipeline.crew import Crew
from edge.pipeline.hands import Hands
from edge.pipeline.intake import Intake
from edge.pipeline.shift import Post
from edge.provision import Provision
from edge.settings.run import RunSettings

SUSPECTS = "suspects"
_IDLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Sessions:
    """Each session is for a thread of its own, and has a child process where it needs one."""

    settings: RunSettings
    crew: Crew
    intake: Intake
    hands: Hands
    freshness: Freshness
    gate: Gate | None
    metrics: Metrics
    clock: Callable[[], float]
    _numbers: Iterator[int] = field(default_factory=count)

    def posts(self, provision: Provision) -> list[Post]:
        """The sessions of an engine, all made by one thread: see OpenVinoEngine.session.

        Raises:
            Fatal: children are asked for where there can be none.
        """
        if self._isolates and not POSSIBLE:
            raise Fatal("--isolate-decode needs Linux")
        usual = [self._usual(provision) for _ in range(provision.engine.concurrency)]
        return [*usual, self._suspects(provision)]

    def beside(self, provision: Provision, thread: str) -> Post:
        """A session whose outcomes nobody publishes: it looks at every frame that it is given.

        Args:
            thread: of the crew, which uses it.
        """
        child = self._child(provision, thread, None) if self._isolates else None
        decoder, close = (child.decode, child.close) if child else (None, _nothing)
        classifier = self._classifier(provision.engine.session(), provision, decoder)
        unlimited = replace(classifier, freshness=Freshness(), gate=None)
        return Post(thread, lambda _: [], unlimited, close)

    def _usual(self, provision: Provision) -> Post:
        name = f"{infer.NAME}-{next(self._numbers)}"
        session = provision.engine.session()
        if not self._isolates:
            return Post(name, self.intake.take, self._classifier(session, provision))
        child = self._child(provision, name, None)
        classifier = self._classifier(session, provision, child.decode)
        return Post(name, self.intake.take, classifier, child.close)

    def _suspects(self, provision: Provision) -> Post:
        """Its child decodes and infers, so that what it survives never touches this process. Where
        children are not to be had, suspects are treated as others.
        """
        name = f"{SUSPECTS}-{next(self._numbers)}"
        if not POSSIBLE:
            classifier = self._classifier(provision.engine.session(), provision)
            return Post(name, self.intake.take_suspect, classifier)
        made, folder = provision.record.fingerprint, str(provision.folder)
        engine = EngineOrder(str(provision.bundle.folder), folder, made.kind, made.precision)
        child = self._child(provision, name, engine)

        def take(seconds: float) -> list[Frame]:
            frames = self.intake.take_suspect(seconds)
            self.metrics.suspects.inc(len(frames))
            if not frames:
                child.close_if_idle(_IDLE_SECONDS)
            return frames

        return Post(name, take, self._classifier(child, provision, child.decode), child.close)

    def _child(self, provision: Provision, name: str, engine: EngineOrder | None) -> Isolated:
        def still() -> None:
            self.crew.beat(name)
            self.hands.still(name)

        return Isolated(
            provision.bundle.manifest.input,
            self._limits,
            len(provision.bundle.manifest.labels),
            engine,
            hang_seconds=self.settings.isolation.hang_seconds,
            still=still,
        )

    def _classifier(
        self,
        session: Session,
        provision: Provision,
        decoder: Callable[[bytes], Pixels] | None = None,
    ) -> Classifier:
        return Classifier(
            session=session,
            input=provision.bundle.manifest.input,
            labels=provision.bundle.manifest.labels,
            limits=self._limits,
            top=self.settings.limits.top,
            clock=self.clock,
            freshness=self.freshness,
            gate=self.gate,
            engine=provision.record.digest,
            decoder=decoder,
        )

    @property
    def _isolates(self) -> bool:
        return self.settings.isolation.isolate_decode

    @property
    def _limits(self) -> Limits:
        return Limits(self.settings.limits.max_frame_bytes, self.settings.limits.max_frame_pixels)


def _nothing() -> None:
    """There is no child to end."""
