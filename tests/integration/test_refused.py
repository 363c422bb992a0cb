"""What the service says, and does, when a broker will not have it."""

import json
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.bundle.errors import Unavailable
from edge.acls import acls_of
from edge.kafka.producer import RecordSink
from edge.settings.kafka import KafkaSettings
from tests.brokers.secure import PASSWORD, SecureKafka, unsigned_token
from tests.brokers.topics import unique
from tests.integration.running import command, get, member
from tests.integration.securing import kafka_words, topic_words
from tests.integration.world import World, new_topics, pictures
from tests.token_endpoint import token_endpoint
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def yard(secure_kafka: SecureKafka, tiny_bundle: Path, engine_cache: Path) -> World:
    """Seen by the administrator."""
    admin = KafkaSettings(bootstrap_servers=secure_kafka.address, session_timeout=6.0)
    made = World(admin, tiny_bundle, engine_cache, new_topics(), unique("group"))
    made.create_topics()
    return made


def words(yard: World, kafka: KafkaSettings) -> Sequence[str]:
    return [*kafka_words(kafka), *topic_words(yard.topics)]


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("SASL_SSL", {"sasl_username": "bob"}, "refuses the login of bob"),
    ("SASL_SSL", {"ssl_cafile": None}, "signed by an authority that is not known here"),
    ("SASL_SSL", {"security_protocol": "SASL_PLAINTEXT"}, "speaks TLS"),
    ("PLAINTEXT", {"security_protocol": "SSL"}, "speaks Kafka without TLS"),
    ("SASL_PLAINTEXT", {"security_protocol": "PLAINTEXT"}, "wants a login"),
    ("SSL", {"ssl_certfile": None, "ssl_keyfile": None}, "asks for a client certificate"),
    ("ELSEWHERE", {}, "is for another host"),
]


@pytest.mark.parametrize(("listener", "changes", "says"), REFUSED)
def test_what_only_other_settings_mend_ends_the_service_with_the_cause(
    yard: World,
    secure_kafka: SecureKafka,
    tmp_path: Path,
    listener: str,
    changes: dict[str, Any],
    says: str,
) -> None:
    user = words(yard, secure_kafka.settings(listener, **changes))
    with member(yard, tmp_path / "log", *user) as refused:
        assert refused.ended() == 1
    (line,) = [line for line in refused.said().splitlines() if line.startswith("error: ")]
    assert says in line
    assert PASSWORD not in refused.said()


def test_an_expired_certificate_is_waited_for_by_name(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    user = words(yard, secure_kafka.settings("EXPIRED"))
    with member(yard, tmp_path / "log", *user) as waiting:
        waiting.wait_for("has expired: renew it at the broker")
        status, why = get(f"{waiting.url}/health/ready")
        assert status == 503
        assert "has expired" in why
        assert waiting.stop(signal.SIGTERM) == 0


def test_no_secret_is_shown_wherever_it_might_be(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    user = words(yard, secure_kafka.settings("SASL_SSL"))
    rights = acls_of("run", yard.topics, yard.group)
    with secure_kafka.granted(rights), member(yard, tmp_path / "log", *user) as running:
        loud = running
        loud.ready()
        _, page = get(f"{loud.url}/metrics")
        line = Path(f"/proc/{loud.process.pid}/cmdline").read_text("utf-8")
        assert loud.stop() == 0
    shown = ("run", "--bundle", str(yard.bundle), *user, "--show-config")
    with command(tmp_path / "shown", "edge.cli", *shown) as config:
        out = config.output()
    for place in (loud.said(), page, line, out):
        assert PASSWORD not in place


def test_a_password_and_an_authority_that_change_need_no_restart(
    tiny_bundle: Path, engine_cache: Path, tmp_path: Path
) -> None:
    """All at once, as in a yard that is given new certificates over night."""
    with SecureKafka() as broker:
        admin = KafkaSettings(bootstrap_servers=broker.address, session_timeout=6.0)
        yard = World(admin, tiny_bundle, engine_cache, new_topics(), unique("group"))
        yard.create_topics()
        broker.grant(acls_of("run", yard.topics, yard.group))
        authority, password = tmp_path / "ca.pem", tmp_path / "password"
        authority.write_bytes(broker.files.authority.certificate.read_bytes())
        password.write_bytes(broker.files.password.read_bytes())
        changed = {"ssl_cafile": authority, "sasl_password_file": password}
        user = words(yard, broker.settings("SASL_SSL", **changed))
        with member(yard, tmp_path / "log", *user) as running:
            running.ready()
            yard.send(pictures(4))
            assert len(yard.results(4)) == 4
            broker.set_password("another secret")
            broker.kafka.stop()
            broker.sign_anew()
            authority.write_bytes(broker.files.stranger.certificate.read_bytes())
            password.write_text("another secret", encoding="utf-8")
            broker.kafka.start()
            yard.send(pictures(4))
            assert len(yard.results(8)) == 8
            assert running.stop() == 0, running.said()


def test_a_broker_that_asks_for_the_login_again_is_given_the_password_of_now(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    user = words(yard, secure_kafka.settings("RELOGIN", sasl_password_file=password))
    port = int(secure_kafka.server("RELOGIN").rpartition(":")[2])
    rights = acls_of("run", yard.topics, yard.group)
    with secure_kafka.granted(rights), member(yard, tmp_path / "log", *user) as running:
        running.ready()
        first = connections_to(port)
        assert first
        try:
            secure_kafka.set_password("another secret")
            wait_until(lambda: not first & connections_to(port), "a refusal of the old password")
            password.write_text("another secret", encoding="utf-8")
            yard.send(pictures(4))
            assert len(yard.results(4)) == 4
        finally:
            secure_kafka.set_password(PASSWORD)
            password.write_text(PASSWORD, encoding="utf-8")
        assert running.stop() == 0, running.said()


def connections_to(port: int) -> set[int]:
    """Local ports of the established connections to that port of this machine."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    return {
        int(local.rpartition(":")[2], 16)
        for _, local, remote, state, *_ in rows
        if int(remote.rpartition(":")[2], 16) == port and state == "01"
    }


def test_a_secret_that_is_being_replaced_is_waited_for_by_a_service_that_runs(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    sink = RecordSink(secure_kafka.settings("SASL_SSL", sasl_password_file=secret), "tests")
    sink.open()
    secret.unlink()
    with pytest.raises(Unavailable, match=r"sasl-password-file .* cannot be read"):
        sink.renew()
    secret.write_text(PASSWORD, encoding="utf-8")
    sink.renew()
    sink.close()


def bearer(broker: SecureKafka, **source: Any) -> KafkaSettings:
    """Logs in by a token from that source."""
    kafka = broker.settings("BEARER", sasl_mechanism="OAUTHBEARER", **source)
    return replace(kafka, sasl_username=None, sasl_password_file=None)


def test_a_service_runs_with_a_token_from_a_file(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(unsigned_token(), encoding="utf-8")
    user = words(yard, bearer(secure_kafka, sasl_token_file=token))
    classifies(yard, secure_kafka, tmp_path, user, unsaid=token.read_text("utf-8"))


def test_a_service_runs_with_tokens_from_an_endpoint(
    yard: World, secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD, encoding="utf-8")
    with token_endpoint() as endpoint:
        answer = {"access_token": unsigned_token(), "expires_in": 3600}
        endpoint.body = json.dumps(answer).encode()
        source = {
            "sasl_token_url": endpoint.url,
            "sasl_client_id": "box-7",
            "sasl_client_secret_file": secret,
        }
        user = words(yard, bearer(secure_kafka, **source))
        classifies(yard, secure_kafka, tmp_path, user, unsaid=PASSWORD)
        assert endpoint.asked


def classifies(
    yard: World, broker: SecureKafka, folder: Path, user: Sequence[str], unsaid: str
) -> None:
    """The service does its work as that user, and keeps a secret to itself."""
    rights = acls_of("run", yard.topics, yard.group)
    with broker.granted(rights), member(yard, folder / "log", *user) as running:
        running.ready()
        yard.send(pictures(4))
        assert len(yard.results(4)) == 4
        assert running.stop() == 0
    assert unsaid not in running.said()
