"""Topics: which exist, and how those of Yardlight are made."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType, NewTopic, OffsetSpec
from kafka.errors import KafkaError, NoError, TopicAlreadyExistsError, for_code

from deploy.bundle.errors import Fatal, Unavailable
from edge.frame import Partition
from edge.kafka.admin import open_admin
from edge.kafka.unpack import place_of
from edge.observe.logs import get_logger
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings

_log = get_logger("topics")
DEFAULT_PARTITIONS = 4
_WAIT_SECONDS = 1.0
LARGEST_FRAME_RECORD = 16 << 20


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """A topic as Yardlight would make it."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


def plan_topics(topics: TopicSettings, partitions: int, replication: int) -> list[TopicPlan]:
    """The topics that the service reads and writes.

    Topics that hold frames take records of 16 MiB, so that a frame over the byte limit can be
    dead-lettered with its bytes.
    """
    large = {"max.message.bytes": str(LARGEST_FRAME_RECORD)}
    plans = {
        topics.frames_topic: large,
        topics.results_topic: {},
        topics.dead_letters_topic: large,
        topics.skipped_topic: {},
    }
    # The last record of each key is what counts, and all of a slot's lie in one order.
    compacted = {"cleanup.policy": "compact"}
    kept = [
        TopicPlan(name, 1, replication, compacted)
        for name in (topics.models_topic, topics.models_status_topic)
    ]
    return [
        *(TopicPlan(name, partitions, replication, config) for name, config in plans.items()),
        *kept,
    ]


class TopicAdmin:
    """A short conversation with the cluster about its topics."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._client: Any = None

    def __enter__(self) -> "TopicAdmin":
        """Connect.

        Raises:
            Unavailable: no broker can be used; says why.
        """
        self._client = open_admin(self._settings)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def missing(self, names: Iterable[str]) -> list[str]:
        """Those of the names that no topic has. Asking never creates one.

        Raises:
            Unavailable: the cluster did not answer.
        """
        try:
            present = set(self._client.list_topics())
        except KafkaError as error:
            raise Unavailable(f"topics cannot be listed: {error!r}") from error
        return [name for name in names if name not in present]

    def compacted(self, names: Iterable[str]) -> list[str]:
        """Those of the topics that are compacted: only the last record of each key is kept there.

        Raises:
            Unavailable: the cluster did not answer.
        """
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        try:
            told = self._client.describe_configs(asked, config_filter="all").get("topic", {})
        except KafkaError as error:
            raise Unavailable(f"settings of topics cannot be read: {error!r}") from error
        policies = {
            name: settings.get("cleanup.policy", {}).get("value") or ""
            for name, settings in told.items()
        }
        return [name for name, policy in policies.items() if "compact" in policy]

    def high_watermarks(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Where each partition ends, with what open transactions have written.

        Raises:
            Unavailable: the cluster did not answer.
        """
        asked = {place_of(at): OffsetSpec.LATEST for at in partitions}
        if not asked:
            return {}
        try:
            told = self._client.list_partition_offsets(asked)
        except KafkaError as error:
            raise Unavailable(f"ends of topics cannot be read: {error!r}") from error
        return {Partition(place.topic, place.partition): it.offset for place, it in told.items()}

    def delete_below(self, positions: Mapping[Partition, int]) -> None:
        """Delete every record below these offsets; nothing brings them back.

        Raises:
            Fatal: the cluster refuses or cannot.
        """
        try:
            self._client.delete_records({place_of(at): to for at, to in positions.items()})
        except KafkaError as error:
            raise Fatal(f"records were not deleted: {error!r}") from error

    def create(self, plans: Iterable[TopicPlan]) -> list[str]:
        """Create the topics that do not exist; returns the names of those it made.

        Raises:
            Fatal: the cluster refuses one of them.
        """
        made = []
        for plan in plans:
            topic = NewTopic(
                plan.name, plan.partitions, plan.replication, topic_configs=dict(plan.config)
            )
            try:
                answer = self._client.create_topics([topic], raise_errors=False)
            except KafkaError as error:
                raise Fatal(f"topic {plan.name} cannot be created: {error}") from error
            (result,) = answer["topics"]
            if result["error_code"] == NoError.errno:
                made.append(plan.name)
            elif result["error_code"] != TopicAlreadyExistsError.errno:
                why = result["error_message"] or for_code(result["error_code"]).description
                raise Fatal(f"topic {plan.name} cannot be created: {why}")
        return made


def require_topics(
    settings: KafkaSettings,
    topics: TopicSettings,
    needed: Iterable[str],
    *,
    create: bool,
    wait: Callable[[float], bool],
    waiting: Callable[[list[str]], None] = lambda _: None,
) -> bool:
    """Wait until all needed topics exist, making them if allowed; False if told to stop before.

    Args:
        wait: sleeps up to that many seconds and returns whether to stop.
        waiting: is told the topics that are waited for, whenever these change.

    Raises:
        Fatal: the cluster refuses to create one of them.
    """
    names, told = list(needed), None
    while True:
        missing = _missing_after_creating(settings, topics, names, create=create)
        if missing == []:
            return True
        if missing and missing != told:
            hint = "" if create else ", --create-topics would make them"
            _log.warning(f"waiting for topics{hint}", missing=missing)
            waiting(missing)
            told = missing
        if wait(_WAIT_SECONDS):
            return False


def _missing_after_creating(
    settings: KafkaSettings, topics: TopicSettings, names: list[str], *, create: bool
) -> list[str] | None:
    """Those that do not exist after making what may be made; None if nobody answered."""
    try:
        with TopicAdmin(settings) as admin:
            missing = admin.missing(names)
            if missing and create:
                plans = plan_topics(topics, DEFAULT_PARTITIONS, replication=-1)
                made = admin.create(plan for plan in plans if plan.name in missing)
                _log.info("created topics", topics=made)
                missing = admin.missing(names)
    except Unavailable as error:
        _log.warning("asking for topics failed, trying again", error=str(error))
        return None
    return missing
