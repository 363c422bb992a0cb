"""With exactly the listed rights everything works; with one less, that one is named."""

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import (
    AuthorizationError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)

from edge.acls import CONSUMERS, Acl, Consumer, acls_of
from edge.audit.report import CLEAN, COULD_NOT_TELL
from edge.doctor.examination import DoctorSettings, examine
from edge.kafka.client import connection
from edge.kafka.topics import plan_topics
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings
from tests.brokers.secure import SecureKafka
from tests.brokers.topics import unique
from tests.integration.running import command, get, member
from tests.integration.securing import kafka_words, topic_words
from tests.integration.world import Sent, World, new_topics, pictures
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
LISTENER = "SASL_SSL"


@pytest.fixture
def yard(secure_kafka: SecureKafka, tiny_bundle: Path, engine_cache: Path) -> World:
    """Seen by the administrator, who makes topics, sends frames and reads results."""
    admin = KafkaSettings(bootstrap_servers=secure_kafka.address, session_timeout=6.0)
    made = World(admin, tiny_bundle, engine_cache, new_topics(), unique("group"))
    made.create_topics()
    return made


def rights(yard: World, *consumers: Consumer) -> list[Acl]:
    """Of several commands together, each once."""
    every = [acl for one in consumers for acl in acls_of(one, yard.topics, yard.group)]
    return list({(acl.resource, acl.name, acl.operation): acl for acl in every}.values())


def words(yard: World, secure_kafka: SecureKafka) -> Sequence[str]:
    return [*kafka_words(secure_kafka.settings(LISTENER)), *topic_words(yard.topics)]


def ran(log: Path, *said: str) -> tuple[int, str]:
    """Exit status, and stdout with stderr, of `yardlight-edge`."""
    with command(log, "edge.cli", *said) as done:
        out = done.output()
        return done.ended(), out + done.said()


def test_with_exactly_its_rights_each_command_works(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    user = words(yard, secure_kafka)
    with secure_kafka.granted(rights(yard, "cameras")):
        status, said = ran(
            tmp_path / "cameras", "cameras", *user, "--simulated", "2", "--count", "12"
        )
        assert status == 0, said
    yard.send([*pictures(8), Sent(b"no picture")])
    needed = rights(yard, "run")
    with secure_kafka.granted(needed), member(yard, tmp_path / "run", *user) as running:
        assert len(yard.results(20)) == 20
        assert len(yard.dead_letters(1)) == 1
        assert running.stop() == 0, running.said()
    with secure_kafka.granted(rights(yard, "audit")):
        audit = ("audit", *user, "--group", yard.group)
        status, said = ran(tmp_path / "audit", *audit)
        assert status == 0, said
        assert "20 classified, 0 skipped, 1 dead-lettered" in said
    watch = ("watch", *user, "--from-start")
    needed = rights(yard, "watch")
    with (
        secure_kafka.granted(needed),
        command(tmp_path / "watch", "edge.cli", *watch) as watching,
    ):
        assert json.loads(watching.line())["label"]


def test_with_exactly_its_rights_the_service_keeps_exactly_once(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    yard.send([*pictures(8), Sent(b"no picture")])
    user = [*words(yard, secure_kafka), "--delivery", "exactly-once", "--member", "one"]
    *given, last = rights(yard, "run --delivery exactly-once")
    with secure_kafka.granted(given), member(yard, tmp_path / "log", *user) as running:
        running.wait_for(f"waiting for rights on Kafka: {last}")
        with secure_kafka.granted([last]):
            wait_until(lambda: yard.audit().pending == 0, "all frames")
            assert running.stop() == 0, running.said()
        assert running.has_said("how often __transaction_state is replicated is not known")
    assert yard.audit().status("exactly-once") == CLEAN


def test_with_the_rights_of_the_service_its_user_is_refused_anything_else(
    yard: World, secure_kafka: SecureKafka
) -> None:
    topics = yard.topics
    user = connection(secure_kafka.settings(LISTENER), "tests")
    with secure_kafka.granted(rights(yard, "run")):
        with (
            closing(KafkaProducer(**user, enable_idempotence=False)) as producer,
            pytest.raises(TopicAuthorizationFailedError),
        ):
            producer.send(topics.frames_topic, b"forged").get(30)
        with closing(KafkaConsumer(**user)) as consumer:
            consumer.assign([TopicPartition(topics.dead_letters_topic, 0)])
            with pytest.raises(TopicAuthorizationFailedError):
                read_until_refused(consumer)
        with closing(KafkaConsumer(**user, group_id=unique("other"))) as consumer:
            consumer.subscribe([topics.frames_topic])
            with pytest.raises(GroupAuthorizationFailedError):
                read_until_refused(consumer)
        with closing(KafkaAdminClient(**user)) as admin:
            with pytest.raises(AuthorizationError):
                admin.create_topics([NewTopic(unique("new"), 1, 1)])
            with pytest.raises(AuthorizationError):
                admin.delete_topics([topics.frames_topic])
            with pytest.raises(AuthorizationError):
                admin.describe_metadata_quorum()


def read_until_refused(consumer: Any) -> None:
    for _ in range(60):
        consumer.poll(500)


def test_topics_are_made_with_the_right_to_make_them_and_no_other(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    fresh = replace(yard, topics=new_topics())
    create = ("topics", "create", *words(fresh, secure_kafka), "--replication", "1")
    needed = rights(fresh, "topics create")
    with secure_kafka.granted(needed[1:]):
        status, said = ran(tmp_path / "refused", *create)
        assert status == 1
        assert f"topic {fresh.topics.frames_topic} cannot be created: Authorization failed" in said
    with secure_kafka.granted(needed):
        status, said = ran(tmp_path / "made", *create)
        assert status == 0, said


def test_a_topic_that_the_cluster_cannot_make_is_refused_in_its_own_words(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    create = ("topics", "create", "--bootstrap-servers", secure_kafka.address)
    status, said = ran(tmp_path / "log", *create, "--replication", "9")
    assert status == 1
    refused = said[said.index("error: ") :]
    assert "replication factor of 9 cannot be reached because only 1 broker" in refused
    assert "Request" not in refused


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_with_one_right_less_doctor_names_that_one_and_no_other(
    yard: World, secure_kafka: SecureKafka, consumer: Consumer
) -> None:
    needed = rights(yard, consumer, "doctor")
    with secure_kafka.granted(needed):
        assert missing(yard, secure_kafka, consumer) == []
        for acl in needed:
            secure_kafka.revoke(acl)
            assert missing(yard, secure_kafka, consumer) == [f"right: {acl}"]
            secure_kafka.grant([acl])


def missing(yard: World, secure_kafka: SecureKafka, consumer: Consumer) -> list[str]:
    """The rights that doctor does not find."""
    kafka = secure_kafka.settings(LISTENER)
    settings = DoctorSettings(group=yard.group, command=consumer, kafka=kafka, topics=yard.topics)
    findings = [it for it in examine(settings) if it.check.startswith("right: ")]
    assert findings
    return [it.check for it in findings if it.status != "ok"]


def test_a_service_without_a_right_waits_and_names_it_until_it_is_granted(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    *given, last = rights(yard, "run")
    user = words(yard, secure_kafka)
    with secure_kafka.granted(given), member(yard, tmp_path / "log", *user) as running:
        running.wait_for(f"waiting for rights on Kafka: {last}")
        assert str(last) in get(f"{running.url}/health/ready")[1]
        with secure_kafka.granted([last]):
            running.ready()
            yard.send(pictures(4))
            assert len(yard.results(4)) == 4
            assert running.stop() == 0


def test_a_reader_without_its_rights_says_which(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    for consumer, refused in (("watch", 1), ("audit", COULD_NOT_TELL)):
        status, said = ran(tmp_path / consumer, consumer, *words(yard, secure_kafka))
        assert status == refused
        assert f"Read on topic {yard.topics.results_topic}" in said


def test_every_topic_that_is_made_has_a_right_to_make_it() -> None:
    topics = TopicSettings()
    made = {plan.name for plan in plan_topics(topics, 1, 1)}
    assert made == {acl.name for acl in acls_of("topics create", topics, "")}
