"""Who we are to the brokers: user and password from files, or a token."""

from typing import Any

from kafka.net.sasl import register_sasl_mechanism
from kafka.net.sasl.plain import SaslMechanismPlain
from kafka.net.sasl.scram import SaslMechanismScram

from deploy.bundle.errors import Fatal
from edge.kafka.secret import SecretFile
from edge.kafka.token import token_provider
from edge.settings.kafka import KafkaSettings


def uses_sasl(settings: KafkaSettings) -> bool:
    return settings.security_protocol.startswith("SASL")


def sasl_options(settings: KafkaSettings) -> dict[str, Any]:
    """Keyword arguments for the clients of kafka-python.

    Raises:
        Fatal: a setting is missing, or a password file cannot be read.
    """
    mechanism = settings.sasl_mechanism
    options: dict[str, Any] = {"sasl_mechanism": mechanism}
    if mechanism == "OAUTHBEARER":
        provider = token_provider(settings)
        if settings.sasl_token_file is not None:
            provider.token()
        return options | {"sasl_oauth_token_provider": provider}
    if settings.sasl_username is None or settings.sasl_password_file is None:
        raise Fatal(f"{settings.security_protocol} needs sasl-username and sasl-password-file")
    password = SecretFile("sasl-password-file", settings.sasl_password_file)
    password.read()
    register_sasl_mechanism(mechanism, _FRESH[mechanism], overwrite=True)
    return options | {
        "sasl_plain_username": settings.sasl_username,
        "sasl_plain_password": password,
    }


# kafka-python keeps the password that it was given when the client was made. A mechanism is made
# for each login, so these read the file at each, and a changed password needs no restart.


class FreshScram(SaslMechanismScram):  # type: ignore[misc] # kafka-python has no types
    def __init__(self, **config: Any) -> None:
        super().__init__(**_with_password(config))


class FreshPlain(SaslMechanismPlain):  # type: ignore[misc] # kafka-python has no types
    def __init__(self, **config: Any) -> None:
        super().__init__(**_with_password(config))


_FRESH = {"PLAIN": FreshPlain, "SCRAM-SHA-256": FreshScram, "SCRAM-SHA-512": FreshScram}


def _with_password(config: dict[str, Any]) -> dict[str, Any]:
    """Other clients of this process, if any, may have given theirs as text."""
    given = config["sasl_plain_password"]
    read = given.read() if isinstance(given, SecretFile) else given
    return config | {"sasl_plain_password": read}
