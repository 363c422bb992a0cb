"""A candidate is tried: beside the engine that serves, then at work and watched."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from deploy.bundle.errors import Unavailable
from edge.observe.rollout_metrics import RolloutMetrics
from edge.pipeline.shift import Post
from edge.provision import Provision
from edge.rollout.figures import Batch, Comparison, Work, batch_of
from edge.rollout.seat import Seat
from edge.rollout.shadow import Shadow
from edge.rollout.verdict import Verdict, judge
from edge.rollout.witness import Witnesses
from edge.rollout.words import Desired, Figures

Pace: TypeAlias = Callable[[float, Figures], None]
"""Waits so long, and tells how it goes; raises where the trial is to end undecided."""
LEAST_WATCHED = 100
"""Frames that a candidate is watched for where less, or no, shadow was asked for."""
_WAIT_SECONDS = 0.2


@dataclass(slots=True)
class Trial:
    """Used by the thread of roll-outs, which lends its `Pace`."""

    seat: Seat
    witnesses: Witnesses
    metrics: RolloutMetrics
    _work: Work = field(default_factory=Work)

    def note(self, batch: Batch) -> None:
        """What whoever works did with a batch; called by inference threads."""
        self._work.note(batch)

    def open(self) -> None:
        """Begin to see what the engine at work does, to compare a candidate with."""
        self.witnesses.add(lambda outcomes: self.note(batch_of(outcomes)))

    def shadow(
        self, desired: Desired, candidate: Provision, post: Post, pace: Pace
    ) -> tuple[Verdict, Figures]:
        """Compare a candidate on live frames; whoever serves takes no notice."""
        served, tried = (
            provision.bundle.manifest.outputs.activation
            for provision in (self.seat.at_work, candidate)
        )
        comparison, compared = Comparison(served, tried), Figures()
        shadow = Shadow(post.classifier, desired.shadow.share, comparison)
        self.witnesses.add(shadow.offer)
        try:
            while True:
                verdict = judge(compared, desired.bounds, desired.shadow.frames)
                if verdict.decided:
                    return verdict, compared
                pace(0.0, compared)
                compared = self._compare(shadow)
        finally:
            self.witnesses.remove(shadow.offer)
            self._count(shadow)
            post.close()

    def watch(
        self, desired: Desired, candidate: Provision, pace: Pace, beat: Callable[[], None]
    ) -> tuple[Verdict, Figures]:
        """Put a candidate to work, and take it back where it breaks its bounds."""
        before = self._work
        self.seat.try_out(candidate, beat)
        # Whatever the engine before did is over: what is counted from here is the candidate's.
        self._work = Work()
        wanted = max(desired.shadow.frames, LEAST_WATCHED)
        try:
            while True:
                figures = self._work.beside(before)
                verdict = judge(figures, desired.bounds, wanted)
                if verdict.decided:
                    break
                pace(_WAIT_SECONDS, figures)
            if verdict.passed:
                self.seat.settle()
        finally:
            if self.seat.on_trial is not None:
                self.seat.take_back(beat)
                self._work = before
        return verdict, figures

    def _compare(self, shadow: Shadow) -> Figures:
        try:
            shadow.compare(_WAIT_SECONDS)
        except Unavailable:
            # Short of memory beside the engine that serves: it would be at work, too.
            shadow.comparison.errors += 1
            shadow.comparison.frames += 1
        return shadow.comparison.figures()

    def _count(self, shadow: Shadow) -> None:
        told = shadow.comparison
        self.metrics.compared("agreed", told.agreed)
        self.metrics.compared("failed", told.errors)
        self.metrics.compared("differed", told.frames - told.agreed - told.errors)
        self.metrics.compared("dropped", shadow.dropped)
