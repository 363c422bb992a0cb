"""One stay in the consumer group: its drivers, its stages, and the order they start and stop in."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cv2

from edge.assignments import Assignments
from edge.freshness import Freshness
from edge.gate import Gate
from edge.kafka.consumer import RecordSource
from edge.kafka.guarantees import require_replicated_log
from edge.kafka.producer import RecordSink
from edge.kafka.transactions import TransactionSink
from edge.observe.health import Health
from edge.observe.metrics import Metrics
from edge.outcome import Outcome
from edge.patience import patiently
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
from edge.rollout.seat import Seat
from edge.rollout.witness import Witnesses
from edge.serving import Serving, batcher_of
from edge.sessions import Sessions
from edge.settings.run import RunSettings
from edge.succession import Succession
from edge.supervision import Supervision
from edge.wire import ClassificationWriter

_Sink: TypeAlias = RecordSink | TransactionSink
_SWITCH_SECONDS = 0.0005


@dataclass(frozen=True, slots=True)
class Stream:
    """`run` blocks until the crew is told to stop, or a stage cannot go on."""

    settings: RunSettings
    provision: Provision
    """The engine at its start."""
    describe: Callable[[Provision], None]
    """Is told of each engine that goes to work."""
    keep: Callable[[Provision], None]
    """Is told when another engine has taken over for good, and the one before is at rest."""
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
            witness = Witnesses()
            shifts = Shifts(self.crew, hands, publishing.put, self.metrics, witness)
            serving = Serving(self.settings, intake, sessions, shifts, classifications)
            supervision = Supervision(self.settings, self.crew, self.health, hands, self.clock)
            self.crew.start(publish.NAME, publishing.run)
            succession = self._succession(serving, witness)
            succession.begin()
            self.crew.start(poll.NAME, polling.run)
            supervision.watch(source)
            succession.end()
            supervision.finish(polling, publishing, sink)

    def _succession(self, serving: Serving, witnesses: Witnesses) -> Succession:
        return Succession(
            self.settings,
            Seat(serving, self.provision, self.describe, self.keep),
            witnesses,
            self.crew,
            self.health,
            self.metrics,
            self.clock,
            self.wall,
        )

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
        return ClassificationWriter(self.provision.bundle, self.provision.record)

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


def _transacting(publishing: Outlet) -> Callable[[], bool] | None:
    """What says whether a transaction may be open, where there are any."""
    if not isinstance(publishing, TransactStage):
        return None
    return lambda: publishing.transacting
