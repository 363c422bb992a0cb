"""What the service needs of a cluster before it begins: rights, and topics."""

from edge.acls import Acl, Consumer, acls_of
from edge.settings.run import RunSettings


def needed_rights(settings: RunSettings) -> list[Acl]:
    """Each once."""
    commands: list[Consumer] = ["run"]
    if settings.delivery.delivery == "exactly-once":
        commands.append("run --delivery exactly-once")
    if settings.rollout.slot is not None:
        commands.append("run --slot")
    every = [acl for one in commands for acl in acls_of(one, settings.topics, settings.group)]
    return list(dict.fromkeys(every))


def needed_topics(settings: RunSettings) -> list[str]:
    """By their names; a topic whose feature is off need not exist."""
    topics = settings.topics
    needed = [
        topics.frames_topic,
        topics.results_topic,
        topics.skipped_topic,
        topics.dead_letters_topic,
    ]
    if settings.rollout.slot is not None:
        needed += [topics.models_topic, topics.models_status_topic]
    return needed
