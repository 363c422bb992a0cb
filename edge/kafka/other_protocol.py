"""What a broker speaks that did not understand us: tried out, one connection each."""

import ssl

from kafka.errors import KafkaError

from edge.kafka.conversation import Conversation
from edge.kafka.tls import tls_context, uses_tls
from edge.settings.kafka import KafkaSettings

NOT_UNDERSTOOD = (OSError, KafkaError, ValueError)
"""What a conversation raises with somebody who is no Kafka broker, or speaks otherwise."""


def speaks_without_tls(host: str, port: int) -> bool:
    try:
        with Conversation(host, port) as talk:
            talk.versions()
    except NOT_UNDERSTOOD:
        return False
    return True


def speaks_tls(host: str, port: int) -> bool:
    """Whether anything of TLS comes back; whom the certificate names does not matter here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with Conversation(host, port, context) as talk:
            talk.shake_hands()
    except OSError as error:
        return alert_of(error) is not None
    return True


def mechanisms_of(settings: KafkaSettings, host: str, port: int) -> list[str]:
    """The logins that a broker offers, none if it wants no login.

    Raises:
        Fatal: a file of the settings cannot be used.
    """
    context = tls_context(settings) if uses_tls(settings) else None
    try:
        with Conversation(host, port, context) as talk:
            talk.shake_hands()
            _, offered = talk.mechanisms(settings.sasl_mechanism)
    except NOT_UNDERSTOOD:
        return []
    return offered


def alert_of(error: Exception) -> str | None:
    """What the other side dislikes, in TLS's own words; None if it did not say."""
    if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
        return error.reason.lower().replace("_", " ")
    return None
