"""What doctor finds on machines that are well, and on machines that are not."""

import json
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from edge.acls import acls_of
from edge.kafka.embedded import free_port
from edge.settings.kafka import KafkaSettings
from tests.brokers.secure import SecureKafka
from tests.brokers.topics import unique
from tests.integration.running import command, member
from tests.integration.securing import kafka_words, topic_words
from tests.integration.world import World, new_topics

pytestmark = pytest.mark.slow

HOUR_AHEAD = (
    "import time; true = time.time; time.time = lambda: true() + 3600\n"
    "from edge.cli import main; main()"
)


@pytest.fixture
def yard(secure_kafka: SecureKafka, tiny_bundle: Path, tmp_path: Path) -> World:
    """A machine that is set up right, for a user with exactly the rights of the service."""
    admin = KafkaSettings(bootstrap_servers=secure_kafka.address, session_timeout=6.0)
    made = World(admin, tiny_bundle, tmp_path / "engines", new_topics(), unique("group"))
    made.create_topics()
    return made


@pytest.fixture(autouse=True)
def granted(yard: World, secure_kafka: SecureKafka) -> Any:
    """The rights of the service and of doctor."""
    with ExitStack() as stack:
        for consumer in ("run", "doctor"):
            needed = acls_of(consumer, yard.topics, yard.group)
            stack.enter_context(secure_kafka.granted(needed))
        yield


def words(yard: World, kafka: KafkaSettings, *more: str) -> Sequence[str]:
    usual = [
        *kafka_words(kafka),
        *topic_words(yard.topics),
        *("--bundle", str(yard.bundle)),
        *("--group", yard.group),
        *("--engine", "onnxruntime"),
        *("--engine-cache", str(yard.engine_cache)),
        *("--metrics-host", "127.0.0.1"),
    ]
    port = [] if "--metrics-port" in more else ["--metrics-port", str(free_port())]
    return ["doctor", *usual, *port, *more]


def examined(log: Path, said: Sequence[str], module: str = "edge.cli") -> tuple[int, Any]:
    """Exit status and findings by check, of `yardlight-edge doctor --json`."""
    environment = {"PYTHONPATH": str(log.parent)}
    with command(log, module, *said, "--json", environment=environment) as asked:
        out = asked.output()
        status = asked.ended()
    assert "Traceback" not in asked.said(), asked.said()
    found = {finding["check"]: finding for finding in json.loads(out)["findings"]}
    return status, found


def failed(found: Mapping[str, Any]) -> list[str]:
    return [check for check, finding in found.items() if finding["status"] == "fail"]


def test_a_good_machine_has_nothing_to_do(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    status, found = examined(tmp_path / "log", words(yard, secure_kafka.settings("SASL_SSL")))
    assert failed(found) == []
    assert status == 0
    assert found["clock"]["status"] == "ok"
    assert found["engine"]["found"].endswith("it is built at start")
    assert found[f"topic {yard.topics.frames_topic}"]["status"] == "ok"
    assert all(finding["advice"] for finding in found.values() if finding["status"] != "ok")


def test_a_reader_gets_a_table(yard: World, secure_kafka: SecureKafka, tmp_path: Path) -> None:
    said = words(yard, secure_kafka.settings("SASL_SSL"))
    with command(tmp_path / "log", "edge.cli", *said, environment={"COLUMNS": "300"}) as asked:
        out = asked.output()
    assert "what to do" in out
    assert "0 fail" in out


def test_mutual_tls_is_a_good_machine_too(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    principal = "User:CN=client"
    needed = [
        *acls_of("run", yard.topics, yard.group),
        *acls_of("doctor", yard.topics, yard.group),
    ]
    with secure_kafka.granted(needed, principal):
        status, found = examined(tmp_path / "log", words(yard, secure_kafka.settings("SSL")))
    assert status == 0, found
    assert found["client certificate"]["found"].startswith("valid until")


def wrong_password(secure_kafka: SecureKafka, folder: Path) -> KafkaSettings:
    secret = folder / "password"
    secret.write_text("a secret nobody sees", encoding="utf-8")
    return secure_kafka.settings("SASL_SSL", sasl_password_file=secret)


def test_a_wrong_password(yard: World, secure_kafka: SecureKafka, tmp_path: Path) -> None:
    status, found = examined(tmp_path / "log", words(yard, wrong_password(secure_kafka, tmp_path)))
    broker = f"broker {secure_kafka.server('SASL_SSL')}"
    assert (status, failed(found)) == (1, [broker])
    assert found[broker]["found"].endswith("refuses the login of yardlight [wrong-credentials]")
    assert "nobody sees" not in json.dumps(found)


@pytest.mark.parametrize(
    ("listener", "changes", "says"),
    [
        ("SASL_SSL", {"security_protocol": "PLAINTEXT"}, "speaks TLS [wrong-protocol]"),
        ("PLAINTEXT", {"security_protocol": "SSL"}, "without TLS [wrong-protocol]"),
        ("EXPIRED", {}, "has expired [certificate-expired]"),
        ("SASL_SSL", {"ssl_cafile": None}, "is not known here [unknown-authority]"),
        ("SSL", {"ssl_certfile": None, "ssl_keyfile": None}, "[client-certificate-missing]"),
    ],
)
def test_a_broker_that_cannot_be_used(
    yard: World,
    secure_kafka: SecureKafka,
    tmp_path: Path,
    listener: str,
    changes: dict[str, Any],
    says: str,
) -> None:
    said = words(yard, secure_kafka.settings(listener, **changes))
    status, found = examined(tmp_path / "log", said)
    broker = f"broker {secure_kafka.server(listener)}"
    assert (status, failed(found)) == (1, [broker])
    assert says in found[broker]["found"]


def test_an_unreadable_secret(yard: World, secure_kafka: SecureKafka, tmp_path: Path) -> None:
    settings = secure_kafka.settings("SASL_SSL", sasl_password_file=tmp_path)
    status, found = examined(tmp_path / "log", words(yard, settings))
    assert (status, failed(found)) == (1, ["Kafka settings"])
    expected = f"sasl-password-file {tmp_path} cannot be read: Is a directory"
    assert found["Kafka settings"]["found"] == expected


def test_a_secret_that_others_may_read(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    secret = tmp_path / "password"
    secret.write_text(secure_kafka.files.password.read_text("utf-8"), encoding="utf-8")
    secret.chmod(0o644)
    settings = secure_kafka.settings("SASL_SSL", sasl_password_file=secret)
    status, found = examined(tmp_path / "log", words(yard, settings))
    assert (status, found["sasl-password-file"]["status"]) == (0, "warn")


def test_a_port_that_is_taken(yard: World, secure_kafka: SecureKafka, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = words(yard, secure_kafka.settings("SASL_SSL"), "--metrics-port", port)
        status, found = examined(tmp_path / "log", said)
    assert (status, failed(found)) == (1, [f"metrics port {port}"])


def test_a_port_that_the_service_itself_serves_is_well(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    user = [*kafka_words(secure_kafka.settings("SASL_SSL")), *topic_words(yard.topics)]
    with member(yard, tmp_path / "run", *user) as running:
        port = running.url.rpartition(":")[2]
        said = words(yard, secure_kafka.settings("SASL_SSL"), "--metrics-port", port)
        _, found = examined(tmp_path / "log", said)
    assert found[f"metrics port {port}"]["found"] == "a Yardlight that runs already serves it"


def test_a_clock_that_is_off_by_an_hour(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    (tmp_path / "ahead.py").write_text(HOUR_AHEAD, encoding="utf-8")
    said = words(yard, secure_kafka.settings("SASL_SSL"))
    status, found = examined(tmp_path / "log", said, "ahead")
    assert (status, failed(found)) == (1, ["clock"])
    ahead = found["clock"]["found"]
    assert "s ahead of the broker's" in ahead
    assert float(ahead.split()[0]) == pytest.approx(3600, abs=5)


LIMITS = [
    ("frames_topic", {"max.message.bytes": "100000"}, "max.message.bytes of", "warn"),
    ("dead_letters_topic", {"max.message.bytes": "100000"}, "max.message.bytes of", "fail"),
    ("results_topic", {"max.message.bytes": "2000"}, "max.message.bytes of", "fail"),
    ("frames_topic", {"min.insync.replicas": "2"}, "min.insync.replicas of", "fail"),
    ("results_topic", {"cleanup.policy": "compact"}, "cleanup.policy of", "fail"),
    ("frames_topic", {"retention.ms": "60000"}, "retention.ms of", "warn"),
    ("results_topic", {"retention.ms": "7200000"}, "retention.ms of", "warn"),
]


@pytest.mark.parametrize(("topic", "limit", "check", "status"), LIMITS)
def test_limits_that_do_not_fit(
    yard: World,
    secure_kafka: SecureKafka,
    tmp_path: Path,
    topic: str,
    limit: dict[str, str],
    check: str,
    status: str,
) -> None:
    name = getattr(yard.topics, topic)
    with secure_kafka.admin() as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=limit)])
    said = [*words(yard, secure_kafka.settings("SASL_SSL")), "--json"]
    with command(tmp_path / "log", "edge.cli", *said) as asked:
        findings = json.loads(asked.output())["findings"]
    about = [it for it in findings if it["check"] == f"{check} {name}" and it["status"] != "ok"]
    assert [it["status"] for it in about] == [status], findings
    (setting,) = limit
    assert setting in about[0]["found"] + about[0]["check"]
    assert setting in about[0]["advice"]


def test_topics_that_are_not_there(yard: World, secure_kafka: SecureKafka, tmp_path: Path) -> None:
    other = replace(yard, topics=new_topics())
    needed = [
        *acls_of("run", other.topics, other.group),
        *acls_of("doctor", other.topics, other.group),
    ]
    with secure_kafka.granted(needed):
        said = words(other, secure_kafka.settings("SASL_SSL"))
        status, found = examined(tmp_path / "log", said)
    assert status == 1
    assert f"topic {other.topics.frames_topic}" in failed(found)


def test_an_engine_cache_that_others_may_write(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    yard.engine_cache.mkdir()
    yard.engine_cache.chmod(0o777)
    status, found = examined(tmp_path / "log", words(yard, secure_kafka.settings("SASL_SSL")))
    assert (status, failed(found)) == (1, ["engine cache"])


def test_doctor_writes_nothing(yard: World, secure_kafka: SecureKafka, tmp_path: Path) -> None:
    examined(tmp_path / "log", words(yard, secure_kafka.settings("SASL_SSL")))
    assert not yard.engine_cache.exists()
    with secure_kafka.admin() as admin:
        assert yard.group not in [group["group_id"] for group in admin.list_groups()]
