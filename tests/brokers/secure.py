"""An Apache Kafka that lets nobody in unasked: TLS, mutual TLS, logins and an authorizer."""

import base64
import json
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from edge.acls import Acl
from edge.settings.kafka import KafkaSettings, Protocol
from tests.brokers.apache import ApacheKafka
from tests.brokers.certificates import Authority, Certificate
from tests.brokers.java import Availability, availability
from tests.brokers.ports import free_ports

USER, PASSWORD = "yardlight", "let me in 4711"
PRINCIPAL = f"User:{USER}"
_MODULES = "org.apache.kafka.common.security"
_SCRAM = f"{_MODULES}.scram.ScramLoginModule required;"
_BEARER = (
    f"{_MODULES}.oauthbearer.OAuthBearerLoginModule required "
    'unsecuredLoginStringClaim_sub="broker";'
)
_OPERATIONS = {
    "Read": ACLOperation.READ,
    "Write": ACLOperation.WRITE,
    "Create": ACLOperation.CREATE,
    "Describe": ACLOperation.DESCRIBE,
    "DescribeConfigs": ACLOperation.DESCRIBE_CONFIGS,
}


def secure_availability() -> Availability:
    if shutil.which("openssl") is None:
        return Availability(ok=False, reason="Certificates for tests need `openssl`: none here.")
    return availability()


@dataclass(frozen=True, slots=True)
class Files:
    """Certificates and secrets that lie on the machine of a client."""

    authority: Authority
    stranger: Authority
    broker: Certificate
    client: Certificate
    password: Path


class SecureKafka:
    """For `with`. The listener PLAINTEXT is the administrator's, who may do everything; on the
    others nobody may do anything that was not granted.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="yardlight-secure-")
        self.files = _make_files(Path(self._folder.name))
        names = ("PLAINTEXT", "CONTROLLER", *_LISTENERS)
        self._ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.kafka = ApacheKafka(
            _properties(self.files, self._ports),
            port=self._ports["PLAINTEXT"],
            users={USER: PASSWORD},
        )

    @property
    def address(self) -> str:
        """Where the administrator bootstraps from."""
        return self.kafka.address

    def __enter__(self) -> "SecureKafka":
        self.kafka.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kafka.__exit__(kind, error, trace)
        self._folder.cleanup()

    def server(self, listener: str) -> str:
        return f"127.0.0.1:{self._ports[listener]}"

    def settings(self, listener: str, **changes: Any) -> KafkaSettings:
        """What a client needs for this listener to let it in, with changes."""
        made = KafkaSettings(
            bootstrap_servers=self.server(listener),
            security_protocol=_LISTENERS.get(listener, "PLAINTEXT"),
            ssl_cafile=self.files.authority.certificate,
            ssl_certfile=self.files.client.certificate if listener == "SSL" else None,
            ssl_keyfile=self.files.client.key if listener == "SSL" else None,
            sasl_username=USER,
            sasl_password_file=self.files.password,
            session_timeout=6.0,
        )
        return replace(made, **changes)

    def grant(self, acls: Iterable[Acl], principal: str = PRINCIPAL) -> None:
        wanted = [_as_kafka_says(acl, principal) for acl in acls]
        with self.admin() as admin:
            result = admin.create_acls(wanted)
        assert not result["failed"], result

    def revoke(self, acl: Acl, principal: str = PRINCIPAL) -> None:
        given = _as_kafka_says(acl, principal)
        pattern = given.resource_pattern
        with self.admin() as admin:
            admin.delete_acls(
                [
                    ACLFilter(
                        principal,
                        "*",
                        given.operation,
                        ACLPermissionType.ALLOW,
                        ResourcePatternFilter(
                            pattern.resource_type, pattern.resource_name, pattern.pattern_type
                        ),
                    )
                ]
            )

    @contextmanager
    def granted(self, acls: Iterable[Acl], principal: str = PRINCIPAL) -> Iterator[None]:
        """Exactly these rights, and none afterwards."""
        given = list(acls)
        self.grant(given, principal)
        try:
            yield
        finally:
            for acl in given:
                self.revoke(acl, principal)

    def set_password(self, password: str) -> None:
        """Another password for the user from now on."""
        mechanism = ScramMechanism.SCRAM_SHA_512
        change = UserScramCredentialUpsertion(USER, mechanism, password)
        with self.admin() as admin:
            result = admin.alter_user_scram_credentials([change])
        assert result == {USER: None}

    def sign_anew(self) -> None:
        """The broker shows a certificate by the other authority from its next start on."""
        issued = self.files.stranger.issue("broker-anew")
        self.files.broker.both.write_bytes(issued.both.read_bytes())

    @contextmanager
    def admin(self) -> Iterator[Any]:
        with closing(KafkaAdminClient(bootstrap_servers=self.address)) as admin:
            yield admin


def unsigned_token(user: str = USER, seconds: float = 3600) -> str:
    """A token without a signature, as Kafka's own OAUTHBEARER takes it in tests."""
    now = int(time.time())
    claims = {"sub": user, "iat": now, "exp": int(now + seconds)}
    parts = [_base64(json.dumps(part)) for part in ({"alg": "none"}, claims)]
    return ".".join([*parts, ""])


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


_LISTENERS: Mapping[str, Protocol] = {
    "SASL_PLAINTEXT": "SASL_PLAINTEXT",
    "SSL": "SSL",
    "SASL_SSL": "SASL_SSL",
    "BEARER": "SASL_PLAINTEXT",
    "EXPIRED": "SASL_SSL",
    "ELSEWHERE": "SASL_SSL",
    "RELOGIN": "SASL_SSL",
}


def _make_files(folder: Path) -> Files:
    authority, stranger = Authority.make(folder, "yard-ca"), Authority.make(folder, "other-ca")
    password = folder / "password"
    password.write_text(f"{PASSWORD}\n", encoding="utf-8")
    password.chmod(0o600)
    authority.issue("expired", days=-1)
    authority.issue("elsewhere", hosts="subjectAltName=DNS:elsewhere.example")
    broker, client = authority.issue("broker"), authority.issue("client")
    return Files(authority, stranger, broker, client, password)


def _properties(files: Files, ports: Mapping[str, int]) -> dict[str, str]:
    at = {name: f"{name}://127.0.0.1:{port}" for name, port in ports.items()}
    protocols = {"CONTROLLER": "PLAINTEXT", "PLAINTEXT": "PLAINTEXT", **_LISTENERS}
    folder = files.broker.both.parent
    return {
        "listeners": ",".join(at.values()),
        "advertised.listeners": ",".join(v for k, v in at.items() if k != "CONTROLLER"),
        "controller.quorum.voters": f"1@127.0.0.1:{ports['CONTROLLER']}",
        "listener.security.protocol.map": ",".join(f"{k}:{v}" for k, v in protocols.items()),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(files.broker.both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(files.authority.certificate),
        "listener.name.ssl.ssl.client.auth": "required",
        **_keystore("expired", folder / "expired.both.pem"),
        **_keystore("elsewhere", folder / "elsewhere.both.pem"),
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.relogin.scram-sha-512.connections.max.reauth.ms": "1500",
        "listener.name.bearer.sasl.enabled.mechanisms": "OAUTHBEARER",
        "listener.name.bearer.oauthbearer.sasl.jaas.config": _BEARER,
        **{
            f"listener.name.{name.lower()}.scram-sha-512.sasl.jaas.config": _SCRAM
            for name, protocol in _LISTENERS.items()
            if protocol.startswith("SASL") and name != "BEARER"
        },
    }


def _keystore(listener: str, path: Path) -> dict[str, str]:
    return {
        f"listener.name.{listener}.ssl.keystore.type": "PEM",
        f"listener.name.{listener}.ssl.keystore.location": str(path),
    }


def _as_kafka_says(acl: Acl, principal: str) -> ACL:
    kind = {
        "topic": ResourceType.TOPIC,
        "group": ResourceType.GROUP,
        "cluster": ResourceType.CLUSTER,
        "transactional-id": ResourceType.TRANSACTIONAL_ID,
    }
    ids = acl.resource == "transactional-id"
    named = ACLResourcePatternType.PREFIXED if ids else ACLResourcePatternType.LITERAL
    pattern = ResourcePattern(kind[acl.resource], acl.name, named)
    allow = ACLPermissionType.ALLOW
    return ACL(principal, "*", _OPERATIONS[acl.operation], allow, pattern)
