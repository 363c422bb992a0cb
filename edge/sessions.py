"""The sessions that take frames: those of the engine, and one that tries suspects alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from deploy.bundle.limits import Limits
from deploy.bundle.pixels import Pixels
from deploy.engines.protocol import DecodingSession, Session
from edge.frame import Frame
from edge.freshness import Freshness
from edge.gate import Gate
from edge.isolation.isolated import POSSIBLE, Isolated, insist_on_children
from edge.isolation.orders import EngineOrder
from edge.observe.metrics import Metrics
from edge.pipeline import infer
from edge.pipeline.classify import Classifier
from edge.pipeline.crew import Crew
from edge.pipeline.encoded import EncodedClassifier
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
        if self._isolates:
            insist_on_children()
        names = [f"{infer.NAME}-{next(self._numbers)}" for _ in range(provision.engine.concurrency)]
        usual = [self.post(provision, name, self.intake.take) for name in names]
        return [*usual, self._suspects(provision)]

    def beside(self, provision: Provision, thread: str) -> Post:
        """A session whose outcomes nobody publishes: it looks at every frame that it is given.

        Args:
            thread: of the crew, which uses it.
        """
        everything = replace(self, freshness=Freshness(), gate=None)
        return everything.post(provision, thread, lambda _: [])

    def post(self, provision: Provision, name: str, take: Callable[[float], list[Frame]]) -> Post:
        """A new session, and the child that decodes for it where frames are decoded in children."""
        session = provision.engine.session()
        if not self._isolates:
            return Post(name, take, self._quickest(session, provision))
        child = self._child(provision, name, None)
        classifier = self._classifier(session, provision, child.decode)
        return Post(name, take, classifier, child.close)

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

    def _quickest(self, session: Session, provision: Provision) -> Classifier | EncodedClassifier:
        """Frames go to a session that decodes as they are, unless the gate wants to see them."""
        if self.gate is not None or not isinstance(session, DecodingSession):
            return self._classifier(session, provision)
        return EncodedClassifier(
            session=session,
            labels=provision.bundle.manifest.labels,
            limits=self._limits,
            top=self.settings.limits.top,
            clock=self.clock,
            freshness=self.freshness,
            engine=provision.record.digest,
            count=self.metrics.decoded_on_cpu.inc,
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
