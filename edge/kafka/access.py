"""Which rights are missing, asked of the broker without using any of them."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kafka.admin import ACLOperation, ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import (
    AuthorizationError,
    RetriableError,
    TopicAlreadyExistsError,
    TransactionalIdAuthorizationFailedError,
    for_code,
)
from kafka.protocol.admin import DescribeGroupsRequest
from kafka.protocol.producer import InitProducerIdRequest

from deploy.bundle.errors import Fatal, Unavailable
from edge.acls import Acl, Operation
from edge.kafka.admin import administrating
from edge.settings.kafka import KafkaSettings

_WAIT_SECONDS = 1.0
_COORDINATOR_SECONDS = 10.0
_COORDINATOR_INTERVAL = 0.1
_UNKNOWN_TOPIC, _TOPIC_DENIED = 3, 29
_NAMES_OLDEST_STATE = 5
"""From version 6 of DescribeGroups on a group that nobody has joined yet has no rights."""
_NO_EPOCHS = 2
"""From version 3 of InitProducerId on a producer may name the epoch that it had."""
_OPERATIONS: Mapping[Operation, ACLOperation] = {
    "Read": ACLOperation.READ,
    "Write": ACLOperation.WRITE,
    "Create": ACLOperation.CREATE,
    "Describe": ACLOperation.DESCRIBE,
    "DescribeConfigs": ACLOperation.DESCRIBE_CONFIGS,
}


def require_access(
    settings: KafkaSettings,
    acls: Iterable[Acl],
    wait: Callable[[float], bool],
    tell: Callable[[str], None],
) -> bool:
    """Wait until all these rights are granted; False if told to stop before. Rights on topics that
    do not exist yet are not waited for.

    Args:
        wait: sleeps up to that many seconds and returns whether to stop.
        tell: is told what is missing, whenever that changes.
    """
    needed, told = list(acls), ""
    while True:
        try:
            missing = missing_rights(settings, needed)
            said = f"waiting for rights on Kafka: {', '.join(map(str, missing))}" if missing else ""
        except Unavailable as error:
            missing, said = None, f"asking for rights failed, trying again: {error}"
        if missing == []:
            return True
        if said != told:
            told = said
            tell(told)
        if wait(_WAIT_SECONDS):
            return False


def insist_on_access(settings: KafkaSettings, acls: Iterable[Acl]) -> None:
    """For commands that end: without its rights a reader would find nothing, and not know why.

    Raises:
        Fatal: one is not granted.
        Unavailable: no broker answers.
    """
    if missing := missing_rights(settings, acls):
        raise Fatal(
            f"not granted on Kafka: {', '.join(map(str, missing))}; `yardlight-edge topics acls` "
            "prints what grants it"
        )


def missing_rights(settings: KafkaSettings, acls: Iterable[Acl]) -> list[Acl]:
    """Those that the broker does not grant. A broker that says nothing of rights grants all.

    Raises:
        Unavailable: no broker answers.
    """
    needed = list(acls)
    with administrating(settings) as admin:
        topics = {acl.name for acl in needed if acl.resource == "topic"}
        found = admin.describe_topics(sorted(topics)) if topics else []
        described = {topic["name"]: topic for topic in found}
        return [acl for acl in needed if not _granted(admin, acl, described)]


def _granted(admin: Any, acl: Acl, topics: Mapping[str, Any]) -> bool:
    match acl.resource:
        case "group":
            return _OPERATIONS[acl.operation] in _group_operations(admin, acl.name)
        case "cluster":
            operations = admin.describe_cluster()["authorized_operations"]
            return operations is None or _OPERATIONS[acl.operation].name in operations
        case "transactional-id":
            return _may_transact(admin, acl.name)
        case "topic":
            return _granted_on_topic(admin, acl, topics[acl.name])


def _granted_on_topic(admin: Any, acl: Acl, topic: Any) -> bool:
    if acl.operation == "Create":
        return _may_create(admin, acl.name)
    if topic["error_code"] == _UNKNOWN_TOPIC:
        return True
    operations = topic["authorized_operations"]
    if topic["error_code"] != _TOPIC_DENIED:
        return operations is None or _OPERATIONS[acl.operation].name in operations
    # Who may not see a topic may still see its limits.
    return acl.operation == "DescribeConfigs" and _may_see_limits(admin, acl.name)


def _may_see_limits(admin: Any, topic: str) -> bool:
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    return bool(admin.describe_configs([resource], config_filter="all")["topic"].get(topic))


def _may_create(admin: Any, topic: str) -> bool:
    """Asked by creating it in earnest but for the last step."""
    try:
        admin.create_topics([NewTopic(topic, 1, -1)], validate_only=True)
    except AuthorizationError:
        return False
    except TopicAlreadyExistsError:
        return True
    return True


def _may_transact(admin: Any, transactional_id: str) -> bool:
    """Asked by a transaction of no time at all, which a broker refuses once it has looked at the
    rights. Nobody is fenced by it.
    """
    request = InitProducerIdRequest(
        transactional_id=transactional_id, transaction_timeout_ms=0, max_version=_NO_EPOCHS
    )
    answer = admin._manager.run(lambda: admin._manager.send(request))  # noqa: SLF001 - no public way
    return bool(answer.error_code != TransactionalIdAuthorizationFailedError.errno)


def _group_operations(admin: Any, group: str) -> set[int]:
    """What may be done to a group, which need not exist. A new cluster makes the topic of its
    groups first, and the broker that looks after this one may still be reading it.

    Raises:
        RetriableError: the group has nobody to look after it for a long time.
        BrokerResponseError: the broker does not answer.
    """
    deadline = time.monotonic() + _COORDINATOR_SECONDS
    while True:
        try:
            return set(_described(admin, group).authorized_operations)
        except AuthorizationError:
            return set()
        except RetriableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_COORDINATOR_INTERVAL)


def _described(admin: Any, group: str) -> Any:
    manager = admin._manager  # noqa: SLF001 - the public method asks in a version that hides it
    node = manager.run(admin._find_coordinator_ids, [group])[group]  # noqa: SLF001 - the same
    request = DescribeGroupsRequest(
        groups=[group], include_authorized_operations=True, max_version=_NAMES_OLDEST_STATE
    )
    (answer,) = manager.run(lambda: manager.send(request, node_id=node)).groups
    if answer.error_code:
        raise for_code(answer.error_code)(f"group {group} cannot be described")
    return answer
