"""The engine at work in a stream: its sessions, what batches cost, its name in the results."""

from collections.abc import Callable
from dataclasses import dataclass

from deploy.bundle.manifest import Bundle
from deploy.bundle.pixels import Limits
from deploy.engines.protocol import Session
from edge.batching import Batcher
from edge.freshness import Freshness
from edge.gate import Gate
from edge.pipeline.classify import Classifier
from edge.pipeline.intake import Intake
from edge.pipeline.shift import Shifts
from edge.provision import Provision
from edge.settings import RunSettings
from edge.wire import ClassificationWriter


def batcher_of(provision: Provision, settings: RunSettings) -> Batcher:
    """Plans batches with what they cost on this engine."""
    record = provision.record
    most = min(settings.engine.max_batch, record.fingerprint.max_batch)
    return Batcher(record.cost, most, settings.limits.latency_budget)


@dataclass(frozen=True, slots=True)
class Serving:
    """`begin` puts an engine to work, and whichever was at work before to rest."""

    settings: RunSettings
    bundle: Bundle
    clock: Callable[[], float]
    intake: Intake
    shifts: Shifts
    classifications: ClassificationWriter
    freshness: Freshness
    gate: Gate | None

    def begin(self, provision: Provision, beat: Callable[[], None]) -> None:
        """Returns when no session of the engine before is used any more."""
        self.classifications.introduce(provision.record)
        # All sessions are made by one thread; see OpenVinoEngine.session.
        classifiers = [
            self._classifier(provision.engine.session(), provision.record.digest)
            for _ in range(provision.engine.concurrency)
        ]
        self.intake.plan_with(batcher_of(provision, self.settings))
        self.shifts.begin(classifiers, beat)

    def _classifier(self, session: Session, engine: str) -> Classifier:
        limits, manifest = self.settings.limits, self.bundle.manifest
        return Classifier(
            session=session,
            input=manifest.input,
            labels=manifest.labels,
            limits=Limits(limits.max_frame_bytes, limits.max_frame_pixels),
            top=limits.top,
            clock=self.clock,
            freshness=self.freshness,
            gate=self.gate,
            engine=engine,
        )
