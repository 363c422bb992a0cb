"""The service from its settings to its end: bundle, engine, Kafka, and what is told of them."""

import os
import platform
import socket
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version

from deploy.bundle.errors import Unavailable
from deploy.bundle.manifest import Bundle, open_bundle
from deploy.bundle.signature import read_trust
from edge.acls import Consumer, acls_of, transactional_ids
from edge.kafka.access import require_access
from edge.kafka.client import check_settings, wait_for_broker
from edge.kafka.guarantees import require_transactions
from edge.kafka.inventory import clock_skew
from edge.kafka.own_certificate import usable_until
from edge.kafka.topics import require_topics
from edge.kafka.transactions import TransactionSink
from edge.observe.certificate_metric import CertificateMetric
from edge.observe.gpu import Gpus
from edge.observe.gpu_metrics import GpuMetrics
from edge.observe.health import Health
from edge.observe.http import ObservationServer
from edge.observe.logs import get_logger
from edge.observe.metrics import Metrics
from edge.observe.traces import Traces
from edge.pipeline.crew import Crew
from edge.provision import Provision, provide_engine
from edge.settings.run import RunSettings
from edge.spans import SpanWriter
from edge.steady import SteadyWall
from edge.stream import Stream, patiently, told_to
from edge.timekeeper import Timekeeper

_log = get_logger("service")


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
        self._wall = wall = SteadyWall(clock, wall)
        self.crew = Crew(clock)
        # Kept from one start to the next: it knows when it was last told to give way.
        self._transactions = TransactionSink(settings.kafka, _transactional_id(settings))
        self._traces = _traces(settings, clock, wall)
        self.metrics = Metrics(settings.operation.camera_metrics, wall)
        self.health = Health(self.crew.silent_for)
        self._provision: Provision

    def stop(self) -> None:
        """Finish the frames under way, commit, leave the group."""
        self.crew.stop()

    def run(self) -> None:
        """Serve until stopped.

        Raises:
            Fatal: the service cannot go on; says why.
        """
        check_settings(self._settings.kafka)
        trust = read_trust(self._settings.engine.trust)
        bundle = open_bundle(self._settings.bundle, trust.vouch)
        operation = self._settings.operation
        server = ObservationServer(
            operation.metrics_host, operation.metrics_port, self.metrics, self.health
        )
        with Gpus() as gpus, self._traces, server, self._timekeeper():
            if gpus.present:
                self.metrics.registry.register(GpuMetrics(gpus.read))
            if (kafka := self._settings.kafka).ssl_certfile is not None:
                until = partial(usable_until, kafka)
                self.metrics.registry.register(CertificateMetric(until))
            _log.info("serving metrics and health", port=server.port)
            self._serve(bundle)
        if self.crew.failure is not None:
            raise self.crew.failure

    def _timekeeper(self) -> Timekeeper:
        return Timekeeper(self._wall, partial(clock_skew, self._settings.kafka))

    def _serve(self, bundle: Bundle) -> None:
        self.health.phase = "loading the engine"
        settings = self._settings.engine
        provision = provide_engine(
            bundle,
            settings,
            self.crew.wait,
            self._building,
            settings.engine_rebuild == "background",
        )
        if provision is None:
            return
        self._provision = provision
        try:
            self._describe(bundle, provision)
            self.health.phase = "connecting to Kafka"
            while self._await_kafka():
                self._stream(bundle, self._provision).run()
                if not self._start_over():
                    break
        finally:
            self._provision.engine.close()

    def _building(self, line: str) -> None:
        self.health.phase = f"building the engine: {line}"

    def _renewed(self, bundle: Bundle, provision: Provision) -> None:
        """Another engine has taken over: it serves from now on, after starting over too."""
        before, self._provision = self._provision, provision
        before.engine.close()
        self._describe(bundle, provision)

    def _start_over(self) -> bool:
        """Whether to join the group anew, from its committed offsets: a stage could not go on."""
        error = self.crew.failure
        if not isinstance(error, Unavailable) or not self.crew.start_over():
            return False
        _log.warning("starting over from the committed offsets", error=str(error))
        return True

    def _await_kafka(self) -> bool:
        """Wait for a broker and for the topics; False if told to stop before."""
        kafka, outside = self._settings.kafka, told_to(self.health)
        if not wait_for_broker(kafka, self.crew.wait, outside):
            return False
        if self._transactional and not patiently(
            kafka, self.crew, self.health, lambda: require_transactions(kafka)
        ):
            return False
        topics = self._settings.topics
        command: Consumer = "run --delivery exactly-once" if self._transactional else "run"
        rights = acls_of(command, topics, self._settings.group)
        if not require_access(kafka, rights, self.crew.wait, outside):
            return False
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

    def _stream(self, bundle: Bundle, provision: Provision) -> Stream:
        return Stream(
            self._settings,
            bundle,
            provision,
            lambda renewed: self._renewed(bundle, renewed),
            self.crew,
            self.metrics,
            self.health,
            self._transactions if self._transactional else None,
            self._traces.note,
            self._clock,
            self._wall,
        )

    @property
    def _transactional(self) -> bool:
        return self._settings.delivery.delivery == "exactly-once"

    def _describe(self, bundle: Bundle, provision: Provision) -> None:
        made = provision.record.fingerprint
        self.metrics.engine_fallback.set(provision.fallback)
        self.metrics.latency_target.set(self._settings.operation.latency_target)
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


def _transactional_id(settings: RunSettings) -> str:
    """The same after a restart, so that a new process ends at once what the old one left open."""
    port = settings.operation.metrics_port or os.getpid()
    member = settings.delivery.member or f"{socket.gethostname()}-{port}"
    return f"{transactional_ids(settings.group)}{member}"


def _traces(settings: RunSettings, clock: Callable[[], float], wall: Callable[[], float]) -> Traces:
    topics, operation = settings.topics, settings.operation
    writer = SpanWriter(
        settings.group, topics.results_topic, topics.dead_letters_topic, topics.skipped_topic
    )
    return Traces(operation.trace_endpoint, operation.trace_share, writer, clock, wall)
