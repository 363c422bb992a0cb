"""Why a broker cannot be used is named as what it is, on a real one."""

from dataclasses import dataclass, field, replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from deploy.bundle.errors import Fatal
from edge.kafka.client import addresses, ask_broker, check_settings
from edge.kafka.embedded import EmbeddedBroker, free_port
from edge.kafka.probe import Answer
from edge.kafka.trouble import Cause, Trouble
from edge.settings.kafka import KafkaSettings, Protocol
from tests.brokers.certificates import encrypted
from tests.brokers.secure import SecureKafka, unsigned_token

pytestmark = pytest.mark.slow


def asked(settings: KafkaSettings) -> Answer | Trouble:
    check_settings(settings)
    return ask_broker(settings, addresses(settings)[0])


@pytest.mark.parametrize("listener", ["PLAINTEXT", "SASL_PLAINTEXT", "SSL", "SASL_SSL"])
def test_a_broker_that_can_be_used_says_where_the_brokers_are(
    secure_kafka: SecureKafka, listener: str
) -> None:
    answer = asked(secure_kafka.settings(listener))
    assert isinstance(answer, Answer)
    host, _, port = secure_kafka.server(listener).rpartition(":")
    assert answer.brokers == ((host, int(port)),)
    assert (answer.certificate_until is not None) == listener.endswith("SSL")


@dataclass(frozen=True, slots=True)
class Bad:
    """A way to be refused, and the name that it must get."""

    listener: str
    cause: Cause
    says: str
    changes: dict[str, Any] = field(default_factory=dict)
    lasting: bool = True


BAD = {
    "wrong user": Bad("SASL_SSL", "wrong-credentials", "bob", {"sasl_username": "bob"}),
    "no authority": Bad("SASL_SSL", "unknown-authority", "ssl-cafile", {"ssl_cafile": None}),
    "no client certificate": Bad(
        "SSL", "client-certificate-missing", "ssl-certfile",
        {"ssl_certfile": None, "ssl_keyfile": None},
    ),
    "expired broker": Bad("EXPIRED", "certificate-expired", "has expired", lasting=False),
    "other host": Bad("ELSEWHERE", "wrong-host-name", "another host"),
    "mechanism": Bad(
        "SASL_SSL", "wrong-mechanism", "SCRAM-SHA-512", {"sasl_mechanism": "SCRAM-SHA-256"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_is_wrong_is_named(secure_kafka: SecureKafka, bad: Bad) -> None:
    found = asked(secure_kafka.settings(bad.listener, **bad.changes))
    assert isinstance(found, Trouble)
    assert (found.cause, found.lasting) == (bad.cause, bad.lasting)
    assert bad.says in str(found)


@pytest.mark.parametrize("listener", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_a_wrong_password_is_named_and_not_shown(
    secure_kafka: SecureKafka, tmp_path: Path, listener: str
) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("a secret nobody sees", encoding="utf-8")
    found = asked(secure_kafka.settings(listener, sasl_password_file=wrong))
    assert isinstance(found, Trouble)
    assert found.cause == "wrong-credentials"
    assert str(wrong) in str(found)
    assert "nobody sees" not in str(found)


def test_an_authority_that_did_not_sign_is_named(secure_kafka: SecureKafka) -> None:
    stranger = secure_kafka.files.stranger.certificate
    found = asked(secure_kafka.settings("SASL_SSL", ssl_cafile=stranger))
    assert isinstance(found, Trouble)
    assert found.cause == "unknown-authority"


def test_a_client_certificate_that_has_expired_is_told_from_one_of_a_stranger(
    secure_kafka: SecureKafka,
) -> None:
    files = secure_kafka.files
    for issued, says in (
        (files.authority.issue("late", days=-1), "which has expired"),
        (files.stranger.issue("unknown"), "an authority that the broker trusts"),
    ):
        own = {"ssl_certfile": issued.certificate, "ssl_keyfile": issued.key}
        found = asked(secure_kafka.settings("SSL", **own))
        assert isinstance(found, Trouble)
        assert found.cause == "client-certificate-refused"
        assert says in str(found)


PROTOCOLS: tuple[Protocol, ...] = ("PLAINTEXT", "SASL_PLAINTEXT", "SSL", "SASL_SSL")


@pytest.mark.parametrize(("spoken", "wanted"), [*permutations(PROTOCOLS, 2)])
def test_a_wrong_protocol_is_named_with_the_right_one(
    secure_kafka: SecureKafka, spoken: Protocol, wanted: Protocol
) -> None:
    found = asked(replace(secure_kafka.settings(wanted), security_protocol=spoken))
    assert isinstance(found, Trouble)
    assert found.cause == "wrong-protocol"
    assert wanted in str(found)
    assert str(found).endswith(f"not {spoken}")


def test_a_token_logs_in_and_one_that_has_expired_may_be_renewed(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    bearer = secure_kafka.settings("BEARER", sasl_mechanism="OAUTHBEARER", sasl_token_file=token)
    token.write_text(unsigned_token(seconds=-60), encoding="utf-8")
    refused = asked(bearer)
    assert isinstance(refused, Trouble)
    assert (refused.cause, refused.lasting) == ("token-refused", False)
    token.write_text(unsigned_token(), encoding="utf-8")
    assert isinstance(asked(bearer), Answer)


def test_nobody_and_an_unknown_name_are_told_apart() -> None:
    nobody = asked(KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}"))
    nowhere = asked(KafkaSettings(bootstrap_servers="broker.invalid:9092"))
    assert isinstance(nobody, Trouble)
    assert isinstance(nowhere, Trouble)
    assert (nobody.cause, nowhere.cause) == ("nobody-listens", "unknown-name")


def test_the_embedded_broker_answers_too(embedded_kafka: EmbeddedBroker) -> None:
    assert isinstance(asked(KafkaSettings(bootstrap_servers=embedded_kafka.address)), Answer)


def test_a_key_may_be_encrypted_and_its_password_lies_in_a_file(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    secret = tmp_path / "key-password"
    secret.write_text("open sesame", encoding="utf-8")
    key = encrypted(secure_kafka.files.client.key, "open sesame")
    settings = secure_kafka.settings("SSL", ssl_keyfile=key, ssl_key_password_file=secret)
    assert isinstance(asked(settings), Answer)
    secret.write_text("open barley", encoding="utf-8")
    with pytest.raises(Fatal, match="ssl-key-password-file holds another password"):
        asked(settings)
    with pytest.raises(Fatal, match="is encrypted: name ssl-key-password-file"):
        asked(replace(settings, ssl_key_password_file=None))


def test_files_that_cannot_be_used_are_named(secure_kafka: SecureKafka, tmp_path: Path) -> None:
    folder, text = tmp_path / "folder", tmp_path / "text"
    folder.mkdir()
    text.write_text("not PEM", encoding="utf-8")
    other = secure_kafka.files.broker.key
    cases: list[tuple[dict[str, Path], str]] = [
        ({"sasl_password_file": folder}, "sasl-password-file .* cannot be read: Is a directory"),
        (
            {"sasl_password_file": tmp_path / "none"},
            "sasl-password-file .* cannot be read: No such",
        ),
        ({"ssl_cafile": text}, "ssl-cafile .* holds no certificate"),
        ({"ssl_cafile": folder}, "ssl-cafile .* cannot be read"),
    ]
    for changes, says in cases:
        with pytest.raises(Fatal, match=says):
            asked(secure_kafka.settings("SASL_SSL", **changes))
    with pytest.raises(Fatal, match="is not the key of ssl-certfile"):
        asked(secure_kafka.settings("SSL", ssl_keyfile=other))
