"""Topics: which exist, and how those of Yardlight are made."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from deploy.bundle.errors import Fatal, Unavailable
from edge.kafka.client import connection, somebody_listens
from edge.observe.logs import get_logger
from edge.settings import KafkaSettings, TopicSettings

_log = get_logger("topics")
DEFAULT_PARTITIONS = 4
_WAIT_SECONDS = 1.0
_REQUEST_MS = 15_000
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
    return [TopicPlan(name, partitions, replication, config) for name, config in plans.items()]


class TopicAdmin:
    """A short conversation with the cluster about its topics."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._client: Any = None

    def __enter__(self) -> "TopicAdmin":
        """Connect.

        Raises:
            Unavailable: no broker answers.
        """
        if not somebody_listens(self._settings):
            raise Unavailable(f"nobody listens at {self._settings.bootstrap_servers}")
        try:
            self._client = KafkaAdminClient(
                request_timeout_ms=_REQUEST_MS, **connection(self._settings, "yardlight-admin")
            )
        except KafkaError as error:
            raise Unavailable(
                f"{self._settings.bootstrap_servers} does not answer as Kafka: {error}"
            ) from error
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
                self._client.create_topics([topic])
                made.append(plan.name)
            except TopicAlreadyExistsError:
                continue
            except KafkaError as error:
                raise Fatal(f"topic {plan.name} cannot be created: {error}") from error
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
