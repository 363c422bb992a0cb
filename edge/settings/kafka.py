"""How Kafka is reached."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter, validators

Protocol: TypeAlias = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism: TypeAlias = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]


@Parameter(name="*", group="Kafka")
@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings:
    """How Kafka is reached."""

    bootstrap_servers: str = "localhost:9092"
    """Brokers to ask first, HOST:PORT, several separated by commas."""

    security_protocol: Protocol = "PLAINTEXT"
    """How connections are protected and authenticated."""

    ssl_cafile: Path | None = None
    """PEM file with the authorities that signed the brokers' certificates."""

    ssl_certfile: Path | None = None
    """PEM file with this client's certificate, for mutual TLS."""

    ssl_keyfile: Path | None = None
    """PEM file with this client's private key, for mutual TLS."""

    ssl_key_password_file: Path | None = None
    """File with the password of the private key, where that is encrypted."""

    sasl_mechanism: Mechanism = "SCRAM-SHA-512"
    """How the user is authenticated where the protocol is SASL_*."""

    sasl_username: str | None = None
    """User name for PLAIN and SCRAM."""

    sasl_password_file: Path | None = None
    """File with the password for PLAIN and SCRAM; a password never stands on a command line."""

    sasl_token_file: Path | None = None
    """File with the token for OAUTHBEARER, which somebody else renews."""

    sasl_token_url: str | None = None
    """Where a token for OAUTHBEARER is asked for with client credentials, instead of a file."""

    sasl_client_id: str | None = None
    """Client id for the token endpoint."""

    sasl_client_secret_file: Path | None = None
    """File with the client's secret for the token endpoint."""

    sasl_scope: str | None = None
    """Scope of the token, where the endpoint wants one."""

    session_timeout: Annotated[float, Parameter(validator=validators.Number(gte=1, lte=1800))] = (
        10.0
    )
    """Seconds after which the group gives the partitions of a silent member to the others, at least
    1 (it takes more than one heartbeat); most brokers allow no less than 6."""

    @property
    def servers(self) -> list[str]:
        return [server.strip() for server in self.bootstrap_servers.split(",") if server.strip()]
