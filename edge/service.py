"""The service from its settings to its end: bundle, engine, Kafka, and what is told of them."""

import platform
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version

from deploy.bundle.errors import Unavailable
from deploy.bundle.manifest import Bundle, Vouch, open_bundle
from deploy.bundle.signature import read_trust
from edge.acls import transactional_ids
from edge.kafka.access import require_access
from edge.kafka.client import check_settings, wait_for_broker
from edge.kafka.guarantees import require_transactions
from edge.kafka.inventory import clock_skew
from edge.kafka.topics import require_topics
from edge.kafka.transactions import TransactionSink
from edge.member import member_name
from edge.needs import needed_rights, needed_topics
from edge.observe.health import Health
from edge.observe.logs import get_logger
from edge.observe.metrics import Metrics
from edge.observe.traces import Traces
from edge.observed import observed
from edge.patience import patiently, told_to
from edge.pipeline.crew import Crew
from edge.provision import Provision, provide_engine
from edge.rollout.start import home_of
from edge.settings.run import RunSettings
from edge.spans import SpanWriter
from edge.steady import SteadyWall
from edge.stream import Stream
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
        slot = settings.rollout.slot
        self.metrics = Metrics(settings.operation.camera_metrics, wall, rolls_out=slot is not None)
        self.health = Health(self.crew.silent_for)
        self._provision: Provision

    def stop(self) -> None:
        """Finish the frames under way, commit, leave the group."""
        self.crew.stop()

    @property
    def left_behind(self) -> list[str]:
        """Threads that are still in a library's work after `run`."""
        return self.crew.left_behind

    def run(self) -> None:
        """Serve until stopped.

        Raises:
            Fatal: the service cannot go on; says why.
        """
        bundle = self._bundle()
        with observed(self._settings, self.metrics, self.health):
            self._run(bundle)

    def run_unobserved(self) -> None:
        """As `run`, without a port: somebody else shows metrics and health."""
        self._run(self._bundle())

    def _bundle(self) -> Bundle:
        check_settings(self._settings.kafka)
        vouch = read_trust(self._settings.engine.trust).vouch
        return self._rolled_out(vouch) or open_bundle(self._settings.bundle, vouch)

    def _run(self, bundle: Bundle) -> None:
        with self._traces, self._timekeeper():
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
            self._describe(provision)
            self.health.phase = "connecting to Kafka"
            while self._await_kafka():
                self._stream(self._provision).run()
                if not self._start_over():
                    break
        finally:
            self._provision.engine.close()

    def _rolled_out(self, vouch: Vouch) -> Bundle | None:
        """What goes before --bundle."""
        home = home_of(self._settings.rollout)
        return None if home is None else home.begin_with(vouch)

    def _building(self, line: str) -> None:
        self.health.phase = f"building the engine: {line}"

    def _keep(self, provision: Provision) -> None:
        """Another engine has taken over: it serves from now on, after starting over too."""
        before, self._provision = self._provision, provision
        before.engine.close()

    def _start_over(self) -> bool:
        """Whether to join the group anew, from its committed offsets: a stage could not go on. Who
        was told to stop leaves that to the next start, which is no failure.
        """
        error = self.crew.failure
        if not isinstance(error, Unavailable):
            return False
        again = self.crew.start_over()
        what = "starting over" if again else "stopped, the next start goes on"
        _log.warning(f"{what} from the committed offsets", error=str(error))
        return again

    def _await_kafka(self) -> bool:
        """Wait for a broker and for the topics; False if told to stop before."""
        kafka, outside = self._settings.kafka, told_to(self.health)
        if not wait_for_broker(kafka, self.crew.wait, outside):
            return False
        if self._transactional and not patiently(
            kafka, self.crew, self.health, lambda: require_transactions(kafka)
        ):
            return False
        if not require_access(kafka, needed_rights(self._settings), self.crew.wait, outside):
            return False
        return require_topics(
            kafka,
            self._settings.topics,
            needed_topics(self._settings),
            create=self._settings.create_topics,
            wait=self.crew.wait,
            waiting=self._await_topics,
        )

    def _await_topics(self, missing: list[str]) -> None:
        self.health.phase = f"waiting for topics {', '.join(missing)}"

    def _stream(self, provision: Provision) -> Stream:
        return Stream(
            self._settings,
            provision,
            self._describe,
            self._keep,
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

    def _describe(self, provision: Provision) -> None:
        bundle, made = provision.bundle, provision.record.fingerprint
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
    return f"{transactional_ids(settings.group)}{member_name(settings)}"


def _traces(settings: RunSettings, clock: Callable[[], float], wall: Callable[[], float]) -> Traces:
    topics, operation = settings.topics, settings.operation
    writer = SpanWriter(
        settings.group, topics.results_topic, topics.dead_letters_topic, topics.skipped_topic
    )
    return Traces(operation.trace_endpoint, operation.trace_share, writer, clock, wall)
