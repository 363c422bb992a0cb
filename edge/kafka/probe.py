"""Whether a broker can be used with these settings; if not, exactly why.

kafka-python reports a wrong password, an unknown authority and a wrong protocol alike: as a timeout
half a minute later. So one connection is made step by step before any client is.
"""

import ssl
from dataclasses import dataclass
from typing import Any

from kafka.errors import KafkaError
from kafka.net.sasl import get_sasl_mechanism

from deploy.bundle.errors import Fatal, Unavailable
from edge.kafka.conversation import Conversation
from edge.kafka.sasl import sasl_options, uses_sasl
from edge.kafka.tls import tls_context, uses_tls
from edge.kafka.trouble import Trouble, refused_by_broker, unreachable, untrusted
from edge.settings import KafkaSettings

_UNSUPPORTED_MECHANISM, _ILLEGAL_SASL_STATE = 33, 34
_NOT_KAFKA = (OSError, KafkaError, ValueError)
"""What a conversation raises with somebody who is no Kafka broker."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a broker said that can be used."""

    brokers: tuple[tuple[str, int], ...]
    """Where the brokers of the cluster say that they are: clients go there next."""
    certificate_until: float | None
    """Unix seconds when the broker's certificate expires; None without TLS."""


def probe(settings: KafkaSettings, host: str, port: int) -> Answer:
    """Connect, log in, and ask who is there.

    Raises:
        Trouble: the broker cannot be used; names the cause.
        Fatal: a file of the settings cannot be used.
    """
    place = f"{host}:{port}"
    context = tls_context(settings) if uses_tls(settings) else None
    try:
        talk = Conversation(host, port, context).__enter__()
    except OSError as error:
        raise unreachable(place, error) from error
    with talk:
        until = _shake_hands(talk, settings, host, port)
        _introduce(talk, settings, host, port)
        if uses_sasl(settings):
            _log_in(talk, settings, place)
        return Answer(_brokers(talk, settings, host, port), until)


def _shake_hands(talk: Conversation, settings: KafkaSettings, host: str, port: int) -> float | None:
    place = f"{host}:{port}"
    try:
        until = talk.shake_hands()
    except ssl.SSLCertVerificationError as error:
        raise untrusted(place, error) from error
    except OSError as error:
        if _speaks_without_tls(host, port):
            raise Trouble(
                "wrong-protocol",
                f"{place} speaks Kafka without TLS: security-protocol must be "
                f"{_other(settings, tls=False)}, not {settings.security_protocol}",
            ) from error
        if _is_alert(error):
            raise refused_by_broker(place, settings, _words(error)) from error
        raise Trouble("not-kafka", f"no TLS with {place}: {_words(error)}") from error
    return None if until is None else ssl.cert_time_to_seconds(until)


def _introduce(talk: Conversation, settings: KafkaSettings, host: str, port: int) -> None:
    place = f"{host}:{port}"
    try:
        talk.versions()
    except _NOT_KAFKA as error:
        if uses_tls(settings) and isinstance(error, ssl.SSLError | ConnectionError):
            # With TLS 1.3 a client certificate is judged after the handshake has ended for us.
            raise refused_by_broker(place, settings, _words(error)) from error
        if not uses_tls(settings) and _speaks_tls(host, port):
            raise Trouble(
                "wrong-protocol",
                f"{place} speaks TLS: security-protocol must be {_other(settings, tls=True)}, not "
                f"{settings.security_protocol}",
            ) from error
        raise Trouble(
            "not-kafka", f"{place} does not answer as a Kafka broker: {_words(error)}"
        ) from error


def _log_in(talk: Conversation, settings: KafkaSettings, place: str) -> None:
    wanted = settings.sasl_mechanism
    code, offered = talk.mechanisms(wanted)
    if code == _ILLEGAL_SASL_STATE:
        protocol = "SSL" if uses_tls(settings) else "PLAINTEXT"
        raise Trouble(
            "wrong-protocol",
            f"{place} wants no login: security-protocol must be {protocol}, not "
            f"{settings.security_protocol}",
        )
    if code == _UNSUPPORTED_MECHANISM:
        raise Trouble(
            "wrong-mechanism",
            f"{place} does not offer {wanted}: sasl-mechanism may be {', '.join(offered)}",
        )
    try:
        accepted = code == 0 and _accepted(talk, settings, place)
    except _NOT_KAFKA as error:
        raise Trouble("no-answer", f"{place} broke the login off: {_words(error)}") from error
    if not accepted:
        raise _refused(settings, place)


def _accepted(talk: Conversation, settings: KafkaSettings, place: str) -> bool:
    options: dict[str, Any] = sasl_options(settings)
    mechanism = get_sasl_mechanism(settings.sasl_mechanism)(
        host=place.rpartition(":")[0], security_protocol="", **options
    )
    while not mechanism.is_done():
        code, answer = talk.authenticate(_first_words(mechanism))
        if code:
            return False
        mechanism.receive(answer)
    return bool(mechanism.is_authenticated())


def _first_words(mechanism: Any) -> bytes:
    try:
        return bytes(mechanism.auth_bytes())
    except Fatal as error:
        raise Trouble("wrong-credentials", str(error)) from error
    except Unavailable as error:
        raise Trouble("no-token", str(error)) from error


def _brokers(
    talk: Conversation, settings: KafkaSettings, host: str, port: int
) -> tuple[tuple[str, int], ...]:
    place = f"{host}:{port}"
    try:
        named = tuple(talk.brokers())
    except _NOT_KAFKA as error:
        if not uses_sasl(settings) and (offered := _wants_login(settings, host, port)):
            raise Trouble(
                "wrong-protocol",
                f"{place} wants a login: security-protocol must be SASL_"
                f"{'SSL' if uses_tls(settings) else 'PLAINTEXT'}, sasl-mechanism one of "
                f"{', '.join(offered)}",
            ) from error
        raise Trouble("no-answer", f"{place} closed the connection: {_words(error)}") from error
    if not named:
        raise Trouble("no-answer", f"{place} is a broker that is still starting")
    return named


def _speaks_without_tls(host: str, port: int) -> bool:
    try:
        with Conversation(host, port) as talk:
            talk.versions()
    except _NOT_KAFKA:
        return False
    return True


def _speaks_tls(host: str, port: int) -> bool:
    """Whether anything of TLS comes back; whom it names does not matter here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with Conversation(host, port, context) as talk:
            talk.shake_hands()
    except OSError as error:
        return _is_alert(error)
    return True


def _wants_login(settings: KafkaSettings, host: str, port: int) -> list[str]:
    """The mechanisms that a broker offers, none if it wants no login."""
    context = tls_context(settings) if uses_tls(settings) else None
    try:
        with Conversation(host, port, context) as talk:
            talk.shake_hands()
            _, offered = talk.mechanisms(settings.sasl_mechanism)
    except _NOT_KAFKA:
        return []
    return offered


def _is_alert(error: OSError) -> bool:
    """Whether the other side said in TLS's own words what it dislikes."""
    return isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or "")


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error)


def _other(settings: KafkaSettings, *, tls: bool) -> str:
    kind = "SSL" if tls else "PLAINTEXT"
    return f"SASL_{kind}" if uses_sasl(settings) else f"{kind} or SASL_{kind}"


def _refused(settings: KafkaSettings, place: str) -> Trouble:
    if settings.sasl_mechanism == "OAUTHBEARER":
        return Trouble(
            "token-refused",
            f"{place} refuses the token: it has expired, or was issued for somebody else",
        )
    return Trouble(
        "wrong-credentials",
        f"{place} refuses the login: user {settings.sasl_username} or the password in "
        f"{settings.sasl_password_file} is wrong",
    )
