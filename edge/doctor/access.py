"""The rights on Kafka that a command needs, and those of the doctor's own."""

from collections.abc import Iterator

from edge.acls import Consumer, acls_of
from edge.doctor.finding import Finding, fail, ok, warn
from edge.kafka.access import missing_rights
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings


def check_access(
    kafka: KafkaSettings, topics: TopicSettings, group: str, consumer: Consumer
) -> Iterator[Finding]:
    """One finding for each right.

    Raises:
        Unavailable: no broker answers.
    """
    principal = f"User:{kafka.sasl_username or 'NAME'}"
    needed = acls_of(consumer, topics, group)
    own = [acl for acl in acls_of("doctor", topics, group) if acl not in needed]
    missing = missing_rights(kafka, [*needed, *own])
    for acl in (*needed, *own):
        check = f"right: {acl}"
        if acl not in missing:
            yield ok(check, acl.why)
        elif acl in needed:
            yield fail(check, f"not granted ({acl.why})", acl.command(principal))
        else:
            yield warn(check, f"not granted ({acl.why})", acl.command(principal))
