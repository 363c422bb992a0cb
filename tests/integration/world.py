"""Topics, a group and a bundle of a test's own, on a broker that it shares with others."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from edge.audit.recount import audit
from edge.audit.report import AuditReport
from edge.frame import Headers
from edge.kafka.embedded import EmbeddedBroker
from edge.kafka.topics import TopicAdmin, plan_topics
from edge.settings.engine import EngineSettings
from edge.settings.kafka import KafkaSettings
from edge.settings.limits import LimitSettings
from edge.settings.operation import OperationSettings
from edge.settings.run import RunSettings
from edge.settings.topics import TopicSettings
from edge.wire import Classification, Skipped, read_classification
from tests import encoded
from tests.brokers.protocol import Broker
from tests.brokers.topics import unique
from tests.models import LABELS, solid_jpeg, solid_pixels
from tests.waiting import wait_until

PARTITIONS = 4


@dataclass(frozen=True, slots=True)
class Sent:
    """A frame record before it is sent, and what it shows if anything."""

    value: bytes | None
    key: bytes | None = b"gate-1"
    headers: Headers = ()
    partition: int | None = None
    timestamp: int | None = None
    """Unix milliseconds; the producer's clock if not given."""
    truth: str | None = None


class NotText(str):
    """The name of a header that is no UTF-8, as another client may send it."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        return b"\xff\xfe"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record lies."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class World:
    """What one test needs to run services and to look at what they did."""

    kafka: KafkaSettings
    bundle: Path
    engine_cache: Path
    topics: TopicSettings
    group: str
    settings: RunSettings = field(init=False)
    """Of a service member in this world, on a free port."""

    def __post_init__(self) -> None:
        settings = RunSettings(
            bundle=self.bundle,
            group=self.group,
            kafka=self.kafka,
            topics=self.topics,
            engine=EngineSettings(engine="onnxruntime", engine_cache=self.engine_cache),
            limits=LimitSettings(drain_seconds=30.0),
            operation=OperationSettings(metrics_host="127.0.0.1", metrics_port=0),
        )
        object.__setattr__(self, "settings", settings)

    def create_topics(self, partitions: int = PARTITIONS, replication: int = 1) -> None:
        with TopicAdmin(self.kafka) as admin:
            admin.create(plan_topics(self.topics, partitions, replication))

    def configure(self, topic: str, settings: Mapping[str, str]) -> None:
        """Change settings of a topic, once the broker knows them: a new one's it may not yet."""
        changed = ConfigResource(ConfigResourceType.TOPIC, topic, dict(settings))
        address = self.kafka.bootstrap_servers
        with closing(KafkaAdminClient(bootstrap_servers=address)) as admin:

            def known() -> bool:
                try:
                    admin.alter_configs([changed])
                except ValueError:
                    return False
                return True

            wait_until(known, f"settings of {topic}")

    @contextmanager
    def producer(self, **options: Any) -> Iterator[Any]:
        """An independent producer that takes records of any size."""
        address = self.kafka.bootstrap_servers
        wanted = {"acks": "all", "max_request_size": 64 << 20, **options}
        with closing(KafkaProducer(bootstrap_servers=address, **wanted)) as made:
            yield made

    def send(self, frames: Iterable[Sent]) -> list[Place]:
        """Append frames to the frames topic, in order; where each one lies."""
        with self.producer() as producer:
            futures = [
                producer.send(
                    self.topics.frames_topic,
                    frame.value,
                    frame.key,
                    headers=list(frame.headers),
                    partition=frame.partition,
                    timestamp_ms=frame.timestamp,
                )
                for frame in frames
            ]
            answers = [future.get(60) for future in futures]
        return [Place(answer.partition, answer.offset) for answer in answers]

    def read(self, topic: str, at_least: int) -> list[Any]:
        """All records of a topic once so many are there, and any surplus that came with them."""
        records: list[Any] = []
        with self._polling(topic) as poll:

            def enough() -> bool:
                polled = poll()
                records.extend(polled)
                return len(records) >= at_least and not polled

            wait_until(enough, f"{at_least} records in {topic}")
        return sorted(records, key=lambda record: (record.partition, record.offset))

    def holds_records(self, topic: str) -> bool:
        """Whether anything can be read there now, though more may be arriving all the time."""
        with self._polling(topic) as poll:
            return bool(poll())

    @contextmanager
    def _polling(self, topic: str) -> Iterator[Callable[[], list[Any]]]:
        """Each call reads on from the start of the topic for at most 0.3 s."""
        address = self.kafka.bootstrap_servers
        # Not the project's own reader: what it would overlook must be seen here.
        with closing(KafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest")) as it:
            numbers = it.partitions_for_topic(topic) or {0}
            it.assign([TopicPartition(topic, number) for number in numbers])
            yield lambda: [record for part in it.poll(timeout_ms=300).values() for record in part]

    def results(self, at_least: int) -> list[Classification]:
        """The classifications, once so many are there."""
        return [
            read_classification(it.value) for it in self.read(self.topics.results_topic, at_least)
        ]

    def dead_letters(self, at_least: int) -> list[Any]:
        return self.read(self.topics.dead_letters_topic, at_least)

    def skipped(self, at_least: int) -> list[Skipped]:
        """The records of skipped frames, once so many are there."""
        records = self.read(self.topics.skipped_topic, at_least)
        return [msgspec.json.decode(record.value, type=Skipped) for record in records]

    def audit(self) -> AuditReport:
        return audit(self.kafka, self.topics, self.group)

    def with_group(self, group: str) -> "World":
        """The same topics, seen by another consumer group."""
        return replace(self, group=group)


def pictures(count: int, cameras: int = 4) -> Sequence[Sent]:
    """Frames of one colour each, whose labels are known, from several cameras in turn."""
    frames = {label: solid_jpeg(label) for label in LABELS}
    labels = [LABELS[number * 7 % len(LABELS)] for number in range(count)]
    return [
        Sent(
            frames[label],
            key=f"gate-{number % cameras}".encode(),
            partition=number % PARTITIONS,
            headers=(("ce_id", f"frame-{number}".encode()),),
            truth=label,
        )
        for number, label in enumerate(labels)
    ]


def slow_pictures(count: int) -> Sequence[Sent]:
    """As `pictures`, but a service needs some ten milliseconds for each: large PNGs of one colour,
    a few kilobytes that no decoder can scale down.
    """
    slow = {label: encoded.png_of(solid_pixels(label, 1600, 1200)) for label in LABELS}
    return [replace(frame, value=slow[frame.truth or ""]) for frame in pictures(count)]


def new_topics() -> TopicSettings:
    """Names that no other test has."""
    name = unique("frames")
    return TopicSettings(
        frames_topic=name,
        results_topic=f"{name}.results",
        dead_letters_topic=f"{name}.dead",
        skipped_topic=f"{name}.skipped",
        models_topic=f"{name}.models",
        models_status_topic=f"{name}.models.status",
    )


def world_on(broker: Broker, bundle: Path, engine_cache: Path, replication: int = 1) -> World:
    """New topics and a new group on a broker."""
    # The least that each allows; the embedded broker takes half of it for a first join.
    seconds = 3.0 if isinstance(broker, EmbeddedBroker) else 6.0
    kafka = KafkaSettings(bootstrap_servers=broker.address, session_timeout=seconds)
    made = World(kafka, bundle, engine_cache, new_topics(), unique("group"))
    made.create_topics(replication=replication)
    return made
