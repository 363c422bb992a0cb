"""The engine at work in a stream: its sessions, what batches cost, its name in the results."""

from collections.abc import Callable
from dataclasses import dataclass

from edge.batching import Batcher
from edge.pipeline.intake import Intake
from edge.pipeline.shift import Shifts
from edge.provision import Provision
from edge.sessions import Sessions
from edge.settings.run import RunSettings
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
    intake: Intake
    sessions: Sessions
    shifts: Shifts
    classifications: ClassificationWriter

    def begin(self, provision: Provision, beat: Callable[[], None]) -> None:
        """Returns when no session of the engine before is used any more.

        Raises:
            Fatal: children are asked for where there can be none.
        """
        self.classifications.introduce(provision.bundle, provision.record)
        posts = self.sessions.posts(provision)
        self.intake.plan_with(batcher_of(provision, self.settings))
        self.shifts.begin(posts, beat)
        if self.sessions.gate is not None:
            # What the engine before said of a camera is not what this one would say.
            self.sessions.gate.forget()
