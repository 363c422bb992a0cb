"""A member of the modelled group: the service's own rules, its threads turned into steps.

Between the client and the topics everything is the real thing; what a thread would do next is a
method here, so that any order of them can be tried.
"""

from collections.abc import Callable

from deploy.engines.protocol import CostCurve
from edge.assignments import Assignments
from edge.batching import Batcher
from edge.frame import Frame, Partition
from edge.freshness import Freshness
from edge.observe.metrics import Metrics
from edge.outcome import Outcome
from edge.pipeline.hands import Hands
from edge.pipeline.intake import Intake
from edge.pipeline.messages import MessageWriter
from edge.pipeline.poll import PollStage
from edge.pipeline.release import Release, Sent
from edge.pipeline.skips import Skips
from edge.pipeline.transact import TransactStage
from edge.queueing import Overload
from edge.record import Aborted
from edge.settings.delivery import Delivery
from edge.settings.topics import TopicSettings
from edge.suspicion import Suspicion
from tests.clock import Clock
from tests.frames import classified
from tests.unit.modelled_group import Client, Group, place_of
from tests.unit.outcomes import some_writer
from tests.unit.polling import WALL, PatientCrew

_QUEUE = 3
_COSTS = CostCurve(((1, 0.1), (2, 0.1)))
_LONGER_THAN_A_DRAIN = 4.0
_BETWEEN_COMMITS = 1.0
_METRICS = Metrics()


class Member:
    """One process of the service."""

    def __init__(self, client: Client, delivery: Delivery, overload: Overload) -> None:
        self.client = client
        self.transacts = delivery == "exactly-once"
        self.taken: list[Frame] = []
        """In the hands of a session."""
        self.released: list[Sent] = []
        """May go out."""
        self.unanswered: list[Sent] = []
        """Went out."""
        self.draining: tuple[Partition, ...] = ()
        self.overran = False
        """It gave back a partition of which frames were still under way."""
        self._waiting: Callable[[], bool] = lambda: False
        self._clock, self._assignments, metrics = Clock(), Assignments(), _METRICS
        self._crew = PatientCrew(self._clock)
        self.client.polled = self._crew.stop
        writer = MessageWriter("yard", TopicSettings(), some_writer(), self._clock, self._clock)
        self._release = Release(writer, self._assignments, metrics, self._clock)
        self._intake = Intake(
            Batcher(_COSTS, max_batch=2, budget=1e9),
            max_frames=_QUEUE,
            max_bytes=1 << 20,
            clock=self._clock,
            overload=overload,
        )
        self._polling = PollStage(
            self._crew,
            client,
            self._intake,
            Skips(self._put),
            Freshness(),
            self._assignments,
            Hands(self._clock),
            metrics,
            self._clock,
            lambda: WALL,
            transacting=(lambda: self._transacting.transacting) if self.transacts else None,
        )
        self._transacting = TransactStage(
            self._crew,
            client,
            self._release,
            metrics,
            client.who_we_are,
            interval=0.0,
            clock=self._clock,
        )

    @property
    def group(self) -> Group:
        return self.client.group

    # What its threads do.

    def poll(self) -> None:
        """What the group has to tell, then records: one poll, unless partitions drain in it."""
        if self.draining:
            return
        if self.client.member not in self.group.members:
            self._polling.gone(self.client.owned)
            self.group.join(self.client.member)
        self.client.generation = self.group.generation
        plan, me = self.group.plan, self.client.member
        self.draining = tuple(at for at in self.client.owned if plan.get(at) != me)
        if self.draining:
            self._waiting = self._polling.draining(self.draining)
            return
        free = [at for at, wanted in plan.items() if wanted == me and at not in self.group.owners]
        self.client.take(free)
        self._polling.assigned(tuple(free))
        for partition, position in self.client.take_up(free).items():
            self._polling.taken_up(partition, position, Suspicion())
        self._clock.now += _BETWEEN_COMMITS
        self._crew.go_on()
        self._polling.run()

    def give_back(self, *, patient: bool) -> None:
        """What drains, once its frames are finished, or once that takes too long."""
        if not patient:
            self._clock.now += _LONGER_THAN_A_DRAIN
        if not self.draining or self._waiting():
            return
        partitions, self.draining = self.draining, ()
        unfinished = self._assignments.in_flight(partitions)
        self.overran = self.overran or (unfinished > 0 and not self.transacts)
        positions = self._polling.positions(partitions) | self._polling.left(partitions)
        if positions:
            self.client.commit_soon(positions, self._heard)
        self._polling.gone(partitions)
        self.group.give_back(self.client.member, partitions)

    def infer(self) -> None:
        self.taken += self._intake.take(0)

    def decide(self, frame: Frame) -> None:
        self.taken.remove(frame)
        self._put([classified(frame)])

    def send(self, count: int) -> None:
        """So many more records are on their way to the broker."""
        self.unanswered += self.released[:count]
        del self.released[:count]

    def acknowledge(self, sent: Sent) -> None:
        """It arrived, and the broker says so."""
        self.unanswered.remove(sent)
        self.group.outcomes[place_of(sent.message)] += 1
        self._release.acknowledge(sent)

    def die(self, *, arrives: bool) -> None:
        """In the midst of everything; whether what was on its way gets there."""
        if arrives:
            self.group.outcomes.update(place_of(sent.message) for sent in self.unanswered)
        self.group.forget(self.client.member)

    def transact(self) -> None:
        """Try once to commit what is released as one transaction.

        Raises:
            Unavailable: nobody knows whether that succeeded.
        """
        self.released = self._transacting._ours(self.released)
        if not self.released:
            return
        try:
            self._transacting._transact(self.released)
        except Aborted:
            return
        self._transacting._note_committed(self.released)
        self.released = []

    def finish(self) -> None:
        """Nothing new is taken in, and what sessions have goes its whole way."""
        for frame in list(self.taken):
            self.decide(frame)
        if self.transacts:
            self.transact()
            return
        self.send(len(self.released))
        for sent in list(self.unanswered):
            self.acknowledge(sent)

    def stop(self) -> None:
        """As on SIGTERM."""
        self.give_back(patient=False)
        self._polling.withdraw_all()
        self.finish()
        self._polling.finish()

    def _put(self, outcomes: list[Outcome]) -> bool:
        for outcome in outcomes:
            self.released += self._release.decide(outcome)
        return True

    def _heard(self, error: BaseException | None) -> None:
        self.client.last_commit_refused = self.client.last_commit_refused or error is not None
