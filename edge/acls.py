"""The rights that each command needs on Kafka: all of them, and nothing else.

Printed by `yardlight-edge topics acls`, checked by `doctor` and by the service before it starts,
listed in docs/security.md, and proven sufficient and necessary on a real authorizer by the tests.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal, TypeAlias, get_args

from edge.settings.topics import TopicSettings

Resource: TypeAlias = Literal["topic", "group", "cluster", "transactional-id"]
Operation: TypeAlias = Literal["Read", "Write", "Create", "Describe", "DescribeConfigs"]
Consumer: TypeAlias = Literal[
    "run",
    "run --delivery exactly-once",
    "run --slot",
    "rollout",
    "rollout status",
    "cameras",
    "watch",
    "capture",
    "audit",
    "doctor",
    "topics create",
]
CONSUMERS: tuple[Consumer, ...] = get_args(Consumer)
CLUSTER = "kafka-cluster"
"""The only name that Kafka gives to the cluster as a resource."""


@dataclass(frozen=True, slots=True)
class Acl:
    """One operation that a principal must be allowed. Read and Write include Describe."""

    resource: Resource
    name: str
    """A transactional id's is that of all ids which begin so: one for each process of a group."""
    operation: Operation
    why: str = field(compare=False)

    def __str__(self) -> str:
        return f"{self.operation} on {self.resource} {self.name}"

    def command(self, principal: str) -> str:
        """The words that grant it, for `kafka-acls.sh` with its `--bootstrap-server`."""
        place = ["--cluster"] if self.resource == "cluster" else [f"--{self.resource}", self.name]
        if self.resource == "transactional-id":
            place += ["--resource-pattern-type", "prefixed"]
        words = ["--add", "--allow-principal", principal, "--operation", self.operation, *place]
        return shlex.join(["kafka-acls.sh", *words])


def acls_of(consumer: Consumer, topics: TopicSettings, group: str) -> tuple[Acl, ...]:
    """What a command needs, for these topics and this consumer group."""
    return tuple(_NEEDS[consumer](topics, group))


def transactional_ids(group: str) -> str:
    """How the transactional ids of a group's processes begin."""
    return f"yardlight-{group}-"


def grants_of(needs: Mapping[Consumer, Sequence[Acl]], principal: str) -> Iterator[str]:
    """Lines for a shell: each command's rights below its name."""
    for consumer, acls in needs.items():
        yield f"# yardlight-edge {consumer}"
        for acl in acls:
            yield acl.command(principal)


def grants_document(needs: Mapping[Consumer, Sequence[Acl]], principal: str) -> dict[str, object]:
    """The same for machines."""
    commands = {consumer: [asdict(acl) for acl in acls] for consumer, acls in needs.items()}
    return {"principal": principal, "commands": commands}


def _run(topics: TopicSettings, group: str) -> Iterator[Acl]:
    yield Acl("topic", topics.frames_topic, "Read", "frames are read")
    yield Acl("group", group, "Read", "it joins the group and commits positions")
    yield Acl("topic", topics.results_topic, "Write", "classifications are written")
    yield Acl("topic", topics.dead_letters_topic, "Write", "frames that cannot be classified")
    yield Acl("topic", topics.skipped_topic, "Write", "frames that are not looked at on purpose")


def _run_exactly_once(topics: TopicSettings, group: str) -> Iterator[Acl]:
    yield from _run(topics, group)
    ids = transactional_ids(group)
    yield Acl("transactional-id", ids, "Write", "outcomes and positions are one transaction")


def _run_slot(topics: TopicSettings, group: str) -> Iterator[Acl]:
    yield from _run(topics, group)
    yield Acl("topic", topics.models_topic, "Read", "roll-outs are followed")
    yield Acl("topic", topics.models_status_topic, "Write", "it says how far it is with them")


def _rollout(topics: TopicSettings, _: str) -> Iterator[Acl]:
    yield Acl("topic", topics.models_topic, "Read", "the newest generation is looked up")
    yield Acl("topic", topics.models_topic, "Write", "the next one is written")
    yield Acl("topic", topics.models_status_topic, "Read", "--wait looks how far nodes are")


def _rollout_status(topics: TopicSettings, _: str) -> Iterator[Acl]:
    yield Acl("topic", topics.models_topic, "Read", "what is wanted is shown")
    yield Acl("topic", topics.models_status_topic, "Read", "how far nodes are is shown")


def _cameras(topics: TopicSettings, _: str) -> Iterator[Acl]:
    yield Acl("topic", topics.frames_topic, "Write", "frames are written")


def _watch(topics: TopicSettings, _: str) -> Iterator[Acl]:
    yield Acl("topic", topics.results_topic, "Read", "classifications are shown")


def _capture(topics: TopicSettings, _: str) -> Iterator[Acl]:
    yield Acl("topic", topics.frames_topic, "Read", "frames are kept")
    yield Acl("topic", topics.results_topic, "Read", "with what was said of them")


def _audit(topics: TopicSettings, group: str) -> Iterator[Acl]:
    yield Acl("group", group, "Describe", "committed positions are looked up")
    yield Acl("topic", topics.frames_topic, "Read", "frames are recounted")
    for name in (topics.results_topic, topics.dead_letters_topic, topics.skipped_topic):
        yield Acl("topic", name, "Read", "outcomes are recounted")
        yield Acl("topic", name, "DescribeConfigs", "a compacted topic may hide outcomes")


def _doctor(topics: TopicSettings, _: str) -> Iterator[Acl]:
    for name in (topics.frames_topic, topics.results_topic, topics.dead_letters_topic):
        yield Acl("topic", name, "DescribeConfigs", "the limits of the topic are looked at")
    yield Acl("cluster", CLUSTER, "Describe", "the clocks are compared")


def _create(topics: TopicSettings, _: str) -> Iterator[Acl]:
    for name in (
        topics.frames_topic,
        topics.results_topic,
        topics.dead_letters_topic,
        topics.skipped_topic,
        topics.models_topic,
        topics.models_status_topic,
    ):
        yield Acl("topic", name, "Create", "the topic is made")


_NEEDS = {
    "run": _run,
    "run --delivery exactly-once": _run_exactly_once,
    "run --slot": _run_slot,
    "rollout": _rollout,
    "rollout status": _rollout_status,
    "cameras": _cameras,
    "watch": _watch,
    "capture": _capture,
    "audit": _audit,
    "doctor": _doctor,
    "topics create": _create,
}
