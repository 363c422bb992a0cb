"""The sessions that take frames: those of the engine, and one that tries suspects alone."""

from collections.abc import Callable
from dataclasses import dataclass

from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import Bundle
from deploy.bundle.pixels import Limits, Pixels
from deploy.engines.protocol import Session
from edge.frame import Frame
from edge.freshness import Freshness
from edge.gate import Gate
from edge.isolation.isolated import POSSIBLE, Isolated
from edge.isolation.orders import EngineOrder
from edge.observe.metrics import Metrics
from edge.outcome import Outcome
from edge.pipeline import infer
from edge.pipeline.classify import Classifier
from edge.pipeline.crew import Crew
from edge.pipeline.hands import Hands
from edge.pipeline.infer import InferStage
from edge.pipeline.intake import Intake
from edge.provision import Provision
from edge.settings import RunSettings

SUSPECTS = "suspects"
_IDLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Sessions:
    """Each is a thread of the crew, and each has a child process of its own where it needs one."""

    settings: RunSettings
    bundle: Bundle
    provision: Provision
    intake: Intake
    hands: Hands
    freshness: Freshness
    publish: Callable[[list[Outcome]], None]
    metrics: Metrics
    clock: Callable[[], float]

    def start(self, crew: Crew) -> None:
        """Start them.

        Raises:
            Fatal: children are asked for where there can be none.
        """
        if self.settings.isolation.isolate_decode and not POSSIBLE:
            raise Fatal("--isolate-decode needs Linux")
        gate = self._gate()
        for number in range(self.provision.engine.concurrency):
            self._start_session(crew, f"{infer.NAME}-{number}", gate)
        self._start_suspects(crew, gate)

    def _start_session(self, crew: Crew, name: str, gate: Gate | None) -> None:
        session = self.provision.engine.session()
        if not self.settings.isolation.isolate_decode:
            self._start(crew, name, self.intake.take, self._classifier(session, gate))
            return
        child = self._child(crew, name, None)
        classifier = self._classifier(session, gate, child.decode)
        self._start(crew, name, self.intake.take, classifier, child.close)

    def _start_suspects(self, crew: Crew, gate: Gate | None) -> None:
        """Its child decodes and infers, so that what it survives never touches this process. Where
        children are not to be had, suspects are treated as others.
        """
        if not POSSIBLE:
            session = self.provision.engine.session()
            self._start(crew, SUSPECTS, self.intake.take_suspect, self._classifier(session, gate))
            return
        made = self.provision.record.fingerprint
        folder = str(self.provision.folder)
        engine = EngineOrder(str(self.bundle.folder), folder, made.kind, made.precision)
        child = self._child(crew, SUSPECTS, engine)

        def take(seconds: float) -> list[Frame]:
            frames = self.intake.take_suspect(seconds)
            self.metrics.suspects.inc(len(frames))
            if not frames:
                child.close_if_idle(_IDLE_SECONDS)
            return frames

        classifier = self._classifier(child, gate, child.decode)
        self._start(crew, SUSPECTS, take, classifier, child.close)

    def _start(
        self,
        crew: Crew,
        name: str,
        take: Callable[[float], list[Frame]],
        classifier: Classifier,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        stage = InferStage(name, crew, take, self.hands, classifier, self.publish, self.metrics)

        def run() -> None:
            try:
                stage.run()
            finally:
                close()

        crew.start(name, run)

    def _child(self, crew: Crew, name: str, engine: EngineOrder | None) -> Isolated:
        def still() -> None:
            crew.beat(name)
            self.hands.still(name)

        return Isolated(
            self.bundle.manifest.input,
            self._limits,
            len(self.bundle.manifest.labels),
            engine,
            hang_seconds=self.settings.isolation.hang_seconds,
            still=still,
        )

    def _classifier(
        self,
        session: Session,
        gate: Gate | None,
        decoder: Callable[[bytes], Pixels] | None = None,
    ) -> Classifier:
        return Classifier(
            session=session,
            input=self.bundle.manifest.input,
            labels=self.bundle.manifest.labels,
            limits=self._limits,
            top=self.settings.limits.top,
            clock=self.clock,
            freshness=self.freshness,
            gate=gate,
            decoder=decoder,
        )

    @property
    def _limits(self) -> Limits:
        return Limits(self.settings.limits.max_frame_bytes, self.settings.limits.max_frame_pixels)

    def _gate(self) -> Gate | None:
        wanted = self.settings.freshness
        return Gate(wanted.gate_threshold) if wanted.gate else None
