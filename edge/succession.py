"""Who may take over from the engine that a service began with: the one that it waits for, and what
is rolled out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from deploy.bundle.signature import read_trust
from edge import renewal
from edge.kafka.producer import RecordSink
from edge.member import instance_name
from edge.observe.health import Health
from edge.observe.metrics import Metrics
from edge.pipeline.crew import Crew
from edge.provision import Provision
from edge.renewal import Renewal
from edge.rollout import following, rolling
from edge.rollout.following import Following
from edge.rollout.node import Node
from edge.rollout.rolling import Rolling
from edge.rollout.seat import Seat
from edge.rollout.start import Home, home_of
from edge.rollout.telling import Telling
from edge.rollout.trial import Trial
from edge.rollout.witness import Witnesses
from edge.settings.run import RunSettings
from edge.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Succession:
    """Of one stay in the consumer group."""

    settings: RunSettings
    seat: Seat
    witnesses: Witnesses
    crew: Crew
    health: Health
    metrics: Metrics
    clock: Callable[[], float]
    wall: Callable[[], float]
    _over: Event = field(default_factory=Event)

    def begin(self) -> None:
        """Put the engine of the start to work, and start whatever may replace it.

        Raises:
            Fatal: children are asked for where there can be none.
        """
        self.seat.begin()
        over = self._renew()
        home = home_of(self.settings.rollout)
        if home is not None:
            self._follow(home, over)

    def end(self) -> None:
        """Nobody takes over in this stay any more, whatever a broker that is away does."""
        self._over.set()

    def _renew(self) -> Callable[[], bool]:
        """Build the engine that is wanted beside the one that serves, and have it take over; what
        says whether that is over.
        """
        provision = self.seat.settled
        if provision.successor is None:
            return lambda: True

        def take_over(built: Provision) -> None:
            self.seat.replace(built, beat=lambda: self.crew.beat(renewal.NAME))

        shelf = Shelf(provision.bundle, self.settings.engine)
        made = Renewal(
            shelf=shelf,
            wanted=provision.successor,
            fallback=provision.fallback,
            crew=self.crew,
            health=self.health,
            take_over=take_over,
            left=self._over,
        )
        made.start()
        return made.over.is_set

    def _follow(self, home: Home, renewed: Callable[[], bool]) -> None:
        """Follow the roll-outs of a slot."""
        kafka, topics = self.settings.kafka, self.settings.topics
        node = Node(home.store.recall(home.node))
        orders = Following(kafka, topics.models_topic, home.slot, self.crew, node.hear, self._over)
        work = self._rolling(home, node, renewed)
        self.crew.start(following.NAME, orders.run)
        self.crew.start(rolling.NAME, work.run)

    def _rolling(self, home: Home, node: Node, renewed: Callable[[], bool]) -> Rolling:
        metrics, engine = self.metrics.rollout, self.settings.engine
        assert metrics is not None
        return Rolling(
            node=node,
            home=home,
            engine=engine,
            vouch=read_trust(engine.trust).vouch,
            seat=self.seat,
            trial=Trial(self.seat, self.witnesses, metrics),
            sessions=self.seat.serving.sessions,
            telling=self._telling(home),
            crew=self.crew,
            over=self._over,
            renewed=renewed,
        )

    def _telling(self, home: Home) -> Telling:
        settings, metrics = self.settings, self.metrics.rollout
        assert metrics is not None
        sink = RecordSink(settings.kafka, f"yardlight-{home.node}-rollout", idempotent=False)
        return Telling(
            topic=settings.topics.models_status_topic,
            slot=home.slot,
            name=home.node,
            instance=instance_name(),
            sink=sink,
            metrics=metrics,
            serving=lambda: self.seat.at_work.bundle.digest,
            clock=self.clock,
            wall=self.wall,
        )
