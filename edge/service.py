"""The one place that wires drivers to stages, and the order of starting and stopping."""

import math
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

import cv2

from deploy.bundle.errors import Unavailable
from deploy.bundle.manifest import Bundle, open_bundle
from deploy.bundle.pixels import Limits
from deploy.bundle.reference import check_model
from edge.assignments import Assignments
from edge.batching import Batcher
from edge.freshness import Freshness
from edge.gate import Gate
from edge.kafka.client import check_settings, wait_for_broker
from edge.kafka.consumer import RecordSource
from edge.kafka.producer import RecordSink
from edge.kafka.topics import require_topics
from edge.observe.health import Health
from edge.observe.http import ObservationServer
from edge.observe.logs import get_logger
from edge.observe.metrics import Metrics
from edge.pipeline import infer, poll, publish
from edge.pipeline.classify import Classifier
from edge.pipeline.crew import Crew
from edge.pipeline.infer import InferStage
from edge.pipeline.intake import Intake
from edge.pipeline.messages import MessageWriter
from edge.pipeline.poll import PollStage
from edge.pipeline.publish import PublishStage
from edge.pipeline.skips import Skips
from edge.provision import Provision, provide_engine
from edge.settings import RunSettings
from edge.wire import ClassificationWriter

_log = get_logger("service")
_SUPERVISION_INTERVAL = 0.2
_SWITCH_SECONDS = 0.0005


class Service:
    """`run` blocks until `stop` is called, from a signal handler or another thread."""

    def __init__(
        self,
        settings: RunSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._wall = wall
        self.crew = Crew(clock)
        self.metrics = Metrics()
        self.health = Health(self.crew.silent_for)

    def stop(self) -> None:
        """Finish the frames under way, commit, leave the group."""
        self.crew.stop()

    def run(self) -> None:
        """Serve until stopped.

        Raises:
            Fatal: the service cannot go on; says why.
        """
        check_settings(self._settings.kafka)
        bundle = open_bundle(self._settings.bundle)
        check_model(bundle)
        operation = self._settings.operation
        server = ObservationServer(
            operation.metrics_host, operation.metrics_port, self.metrics, self.health
        )
        with server:
            _log.info("serving metrics and health", port=server.port)
            self._serve(bundle)
        if self.crew.failure is not None:
            raise self.crew.failure

    def _serve(self, bundle: Bundle) -> None:
        self.health.phase = "loading the engine"
        provision = provide_engine(bundle, self._settings.engine, self.crew.wait)
        if provision is None:
            return
        try:
            self._describe(bundle, provision)
            self.health.phase = "waiting for Kafka"
            if self._await_kafka():
                self._stream(bundle, provision)
        finally:
            provision.engine.close()

    def _await_kafka(self) -> bool:
        """Wait for a broker and for the topics; False if told to stop before."""
        kafka = self._settings.kafka
        if not wait_for_broker(kafka, self.crew.wait, _log.warning):
            return False
        topics = self._settings.topics
        return require_topics(
            kafka,
            topics,
            [
                topics.frames_topic,
                topics.results_topic,
                topics.skipped_topic,
                topics.dead_letters_topic,
            ],
            create=self._settings.create_topics,
            wait=self.crew.wait,
            waiting=self._await_topics,
        )

    def _await_topics(self, missing: list[str]) -> None:
        self.health.phase = f"waiting for topics {', '.join(missing)}"

    def _stream(self, bundle: Bundle, provision: Provision) -> None:
        settings, limits, fresh = self._settings, self._settings.limits, self._settings.freshness
        freshness = Freshness(fresh.max_age or math.inf, fresh.age_from)
        gate = Gate(fresh.gate_threshold) if fresh.gate else None
        # Each session decodes in its own thread; OpenCV must not start more for one picture.
        cv2.setNumThreads(1)
        # A frame changes threads four times; by default each may wait 5 ms for the interpreter.
        sys.setswitchinterval(_SWITCH_SECONDS)
        assignments = Assignments()
        batcher = Batcher(provision.record.cost, settings.engine.max_batch, limits.latency_budget)
        intake = Intake(
            batcher,
            max_frames=limits.queue_frames,
            max_bytes=limits.queue_bytes,
            clock=self._clock,
            overload=fresh.overload,
        )
        source = RecordSource(
            settings.kafka,
            settings.topics.frames_topic,
            settings.group,
            max_records=max(1, limits.queue_frames // 2),
        )
        sink = RecordSink(settings.kafka, f"yardlight-{settings.group}-producer")
        writer = MessageWriter(
            settings.group,
            settings.topics,
            ClassificationWriter(bundle, provision.record),
            self._clock,
            self._wall,
        )
        publishing = PublishStage(self.crew, sink, writer, assignments, self.metrics, self._clock)
        polling = PollStage(
            self.crew,
            source,
            intake,
            Skips(publishing.offer),
            freshness,
            assignments,
            self.metrics,
            self._clock,
            self._wall,
        )
        if not (self._patiently(sink.open) and self._patiently(lambda: source.open(polling))):
            return
        self.crew.start(publish.NAME, publishing.run)
        for number in range(provision.engine.concurrency):
            name = f"{infer.NAME}-{number}"
            classifier = self._classifier(bundle, provision, freshness, gate)
            stage = InferStage(name, self.crew, intake, classifier, publishing.put, self.metrics)
            self.crew.start(name, stage.run)
        self.crew.start(poll.NAME, polling.run)
        self._supervise(source)
        self._finish(polling, publishing, sink)

    def _classifier(
        self, bundle: Bundle, provision: Provision, freshness: Freshness, gate: Gate | None
    ) -> Classifier:
        limits = self._settings.limits
        return Classifier(
            session=provision.engine.session(),
            input=bundle.manifest.input,
            labels=bundle.manifest.labels,
            limits=Limits(limits.max_frame_bytes, limits.max_frame_pixels),
            top=limits.top,
            clock=self._clock,
            freshness=freshness,
            gate=gate,
        )

    def _patiently(self, opens: Callable[[], None]) -> bool:
        """Open a client, however long the broker takes; False if told to stop before."""
        while not self.crew.stopping:
            try:
                opens()
            except Unavailable as error:
                _log.warning("connecting failed, trying again", error=str(error))
                wait_for_broker(self._settings.kafka, self.crew.wait, _log.warning)
            else:
                return True
        return False

    def _supervise(self, source: RecordSource) -> None:
        self.health.phase = "joining the consumer group"
        while not self.crew.wait(_SUPERVISION_INTERVAL):
            if not self.health.ready and source.joined:
                self.health.started = self.health.ready = True
                self.health.phase = "running"
                _log.info("running", group=self._settings.group)

    def _finish(self, polling: PollStage, publishing: PublishStage, sink: RecordSink) -> None:
        self.health.ready = False
        self.health.phase = "stopping"
        _log.info("stopping, finishing the frames under way")
        deadline = self._clock() + self._settings.limits.drain_seconds
        polling.withdraw_all()
        self.crew.join(deadline - self._clock(), but=publish.NAME)
        polling.withdraw_all()
        publishing.finish()
        late = self.crew.join(deadline - self._clock())
        if late:
            publishing.abandon()
            _log.warning("not finished in time, these frames will come again", threads=late)
        polling.finish()
        sink.close()
        _log.info("stopped")

    def _describe(self, bundle: Bundle, provision: Provision) -> None:
        made = provision.record.fingerprint
        self.metrics.build_info.info(
            {"version": version("yardlight"), "python": platform.python_version()}
        )
        self.metrics.engine_info.info(
            {"kind": made.kind, "precision": made.precision, "digest": provision.record.digest}
        )
        self.metrics.model_info.info(
            {
                "name": bundle.manifest.name,
                "version": bundle.manifest.version,
                "digest": bundle.digest,
            }
        )
