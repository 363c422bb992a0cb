"""One stay in the consumer group: its drivers, its stages, and the order they start and stop in."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cv2

from deploy.bundle.errors import Fatal, Unavailable
from deploy.bundle.manifest import Bundle
from deploy.engines.record import Fingerprint
from edge import renewal
from edge.assignments import Assignments
from edge.frame import Frame
from edge.freshness import Freshness
from edge.gate import Gate
from edge.kafka.client import wait_for_broker
from edge.kafka.consumer import RecordSource
from edge.kafka.guarantees import require_replicated_log
from edge.kafka.producer import RecordSink
from edge.kafka.transactions import TransactionSink
from edge.observe.health import Health
from edge.observe.logs import get_logger
from edge.observe.metrics import Metrics
from edge.outcome import Outcome
from edge.pipeline import poll, publish
from edge.pipeline.crew import Crew
from edge.pipeline.hands import Hands
from edge.pipeline.intake import Intake
from edge.pipeline.messages import MessageWriter
from edge.pipeline.outlet import Outlet
from edge.pipeline.poll import PollStage
from edge.pipeline.publish import PublishStage
from edge.pipeline.release import Release
from edge.pipeline.shift import Shifts
from edge.pipeline.skips import Skips
from edge.pipeline.transact import TransactStage
from edge.provision import Provision
from edge.renewal import Renewal
from edge.serving import Serving, batcher_of
from edge.sessions import Sessions
from edge.settings.kafka import KafkaSettings
from edge.settings.run import RunSettings
from edge.shelf import Shelf
from edge.wire import ClassificationWriter

_log = get_logger("service")
_Sink: TypeAlias = RecordSink | TransactionSink
_SUPERVISION_INTERVAL = 0.2
_JOINING_INTERVAL = 0.02
_SWITCH_SECONDS = 0.0005


@dataclass(frozen=True, slots=True)
class Stream:
    """`run` blocks until the crew is told to stop, or a stage cannot go on."""

    settings: RunSettings
    bundle: Bundle
    provision: Provision
    """The engine at its start."""
    renewed: Callable[[Provision], None]
    """Is told when another engine has taken over, and the one before is at rest."""
    crew: Crew
    metrics: Metrics
    health: Health
    transactions: TransactionSink | None
    """What commits outcomes and offsets together; None commits offsets after outcomes."""
    trace: Callable[[Outcome], None]
    """Is told of each outcome that is done."""
    clock: Callable[[], float]
    wall: Callable[[], float]

    def run(self) -> None:
        """Join the group, serve, and leave it in order.

        Raises:
            Fatal: the cluster cannot keep what was promised.
        """
        # Each session decodes in its own thread; OpenCV must not start more for one picture.
        cv2.setNumThreads(1)
        # A frame changes threads four times; by default each may wait 5 ms for the interpreter.
        sys.setswitchinterval(_SWITCH_SECONDS)
        assignments, intake, source = Assignments(), self._intake(), self._source()
        freshness, hands = self._freshness(), Hands(self.clock)
        classifications = self._classifications()
        writer = self._writer(classifications)
        release = Release(writer, assignments, self.metrics, self.clock, self.trace)
        sink, publishing = self._outlet(release, source)
        polling = PollStage(
            self.crew,
            source,
            intake,
            Skips(publishing.offer),
            freshness,
            assignments,
            hands,
            self.metrics,
            self.clock,
            self.wall,
            transacting=_transacting(publishing),
        )
        sessions = self._sessions(intake, hands, freshness)
        if self._open(sink, source, polling):
            shifts = Shifts(self.crew, hands, publishing.put, self.metrics)
            serving = Serving(self.settings, intake, sessions, shifts, classifications)
            self._start(polling, publishing, serving)
            self._supervise(source, hands)
            self._finish(polling, publishing, sink, hands)

    def _intake(self) -> Intake:
        limits = self.settings.limits
        return Intake(
            batcher_of(self.provision, self.settings),
            max_frames=limits.queue_frames,
            max_bytes=limits.queue_bytes,
            clock=self.clock,
            overload=self.settings.freshness.overload,
        )

    def _freshness(self) -> Freshness:
        wanted = self.settings.freshness
        return Freshness(wanted.max_age or math.inf, wanted.age_from)

    def _gate(self) -> Gate | None:
        wanted = self.settings.freshness
        return Gate(wanted.gate_threshold) if wanted.gate else None

    def _sessions(self, intake: Intake, hands: Hands, freshness: Freshness) -> Sessions:
        return Sessions(
            self.settings,
            self.bundle,
            self.crew,
            intake,
            hands,
            freshness,
            self._gate(),
            self.metrics,
            self.clock,
        )

    def _source(self) -> RecordSource:
        settings = self.settings
        return RecordSource(
            settings.kafka,
            settings.topics.frames_topic,
            settings.group,
            max_records=max(1, settings.limits.queue_frames // 2),
        )

    def _classifications(self) -> ClassificationWriter:
        return ClassificationWriter(self.bundle, self.provision.record)

    def _writer(self, classifications: ClassificationWriter) -> MessageWriter:
        settings = self.settings
        return MessageWriter(
            settings.group, settings.topics, classifications, self.clock, self.wall
        )

    def _outlet(self, release: Release, source: RecordSource) -> tuple[_Sink, Outlet]:
        """The producer, and the stage that owns it, for the delivery that was asked for."""
        if self.transactions is None:
            sink = RecordSink(self.settings.kafka, f"yardlight-{self.settings.group}-producer")
            return sink, PublishStage(self.crew, sink, release, self.metrics)
        stage = TransactStage(
            self.crew,
            self.transactions,
            release,
            self.metrics,
            lambda: source.membership,
            interval=self.settings.delivery.transaction_interval,
            clock=self.clock,
        )
        return self.transactions, stage

    def _open(self, sink: _Sink, source: RecordSource, polling: PollStage) -> bool:
        """Connect; False if told to stop before."""
        kafka = self.settings.kafka
        if not patiently(kafka, self.crew, self.health, sink.open):
            return False
        if self.transactions is not None:
            require_replicated_log(kafka)
        return patiently(kafka, self.crew, self.health, lambda: source.open(polling))

    def _start(self, polling: PollStage, publishing: Outlet, serving: Serving) -> None:
        self.crew.start(publish.NAME, publishing.run)
        serving.begin(self.provision, beat=lambda: None)
        if self.provision.successor is not None:
            self._renew(self.provision.successor, serving)
        self.crew.start(poll.NAME, polling.run)

    def _renew(self, wanted: Fingerprint, serving: Serving) -> None:
        """Build the engine that is wanted beside the one that serves, and have it take over."""

        def take_over(provision: Provision) -> None:
            serving.begin(provision, beat=lambda: self.crew.beat(renewal.NAME))
            self.renewed(provision)

        shelf, fallback = Shelf(self.bundle, self.settings.engine), self.provision.fallback
        Renewal(shelf, wanted, fallback, self.crew, self.health, take_over).start()

    def _supervise(self, source: RecordSource, hands: Hands) -> None:
        self.health.phase = "joining the consumer group"
        while not self.crew.wait(_SUPERVISION_INTERVAL if self.health.ready else _JOINING_INTERVAL):
            for session, frame in self._stuck(hands).items():
                self._give_up(session, frame)
            if not self.health.ready and source.joined:
                self.health.started = self.health.ready = True
                self.health.phase = "running"
                _log.info("running", group=self.settings.group)

    def _stuck(self, hands: Hands) -> dict[str, Frame]:
        return hands.stuck(self.settings.isolation.hang_seconds)

    def _give_up(self, session: str, frame: Frame) -> None:
        """Die of a frame that never comes back, so that the next start tries it alone."""
        seconds, place = self.settings.isolation.hang_seconds, f"{frame.partition}/{frame.offset}"
        _log.error("a session hangs", session=session, frame=place, seconds=seconds)
        self.crew.fail(
            Fatal(
                f"{session} has hung for more than {seconds:g} s at frame {place}: start again, "
                "and it is tried alone in a child process first"
            )
        )

    def _finish(self, polling: PollStage, publishing: Outlet, sink: _Sink, hands: Hands) -> None:
        self.health.ready = False
        self.health.phase = "stopping"
        _log.info("stopping, finishing the frames under way")
        deadline = self.clock() + self.settings.limits.drain_seconds
        polling.withdraw_all()
        stuck = self._stuck(hands).keys()
        self.crew.join(deadline - self.clock(), but={publish.NAME, *stuck})
        polling.withdraw_all()
        publishing.finish()
        late = self.crew.join(deadline - self.clock(), but=stuck)
        if late:
            publishing.abandon()
            _log.warning("not finished in time, these frames will come again", threads=late)
        polling.finish()
        sink.close()
        _log.info("stopped")


def _transacting(publishing: Outlet) -> Callable[[], bool] | None:
    """What says whether a transaction may be open, where there are any."""
    if not isinstance(publishing, TransactStage):
        return None
    return lambda: publishing.transacting


def patiently(kafka: KafkaSettings, crew: Crew, health: Health, opens: Callable[[], None]) -> bool:
    """Ask Kafka for something, however long it takes to answer; False if told to stop before.

    Args:
        opens: raises Unavailable where trying again may help.
    """
    while not crew.stopping:
        try:
            opens()
        except Unavailable as error:
            _log.warning("connecting failed, trying again", error=str(error))
            wait_for_broker(kafka, crew.wait, told_to(health))
        else:
            return True
    return False


def told_to(health: Health) -> Callable[[str], None]:
    """Say in the log and to the probes what somebody else must mend."""

    def tell(what: str) -> None:
        _log.warning(what)
        health.phase = what

    return tell
