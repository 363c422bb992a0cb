"""Whether a broker can be used with these settings; if not, exactly why.

kafka-python reports a wrong password, an unknown authority and a wrong protocol alike: as a timeout
half a minute later. So one connection is made step by step before any client is.
"""

import ssl
from dataclasses import dataclass
from typing import Any

from kafka.net.sasl import get_sasl_mechanism

from deploy.bundle.errors import Fatal, Unavailable
from edge.kafka.conversation import Conversation
from edge.kafka.other_protocol import (
    NOT_UNDERSTOOD,
    alert_of,
    mechanisms_of,
    speaks_tls,
    speaks_without_tls,
)
from edge.kafka.sasl import sasl_options, uses_sasl
from edge.kafka.tls import tls_context, uses_tls
from edge.kafka.trouble import (
    Trouble,
    login_refused,
    refused_by_broker,
    unreachable,
    untrusted,
    wrong_protocol,
)
from edge.settings.kafka import KafkaSettings

_UNSUPPORTED_MECHANISM, _ILLEGAL_SASL_STATE = 33, 34
_ABOUT_US = ("certificate", "unknown ca", "handshake failure")
"""In the alerts of TLS by which a broker refuses a client."""


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
    context = tls_context(settings) if uses_tls(settings) else None
    steps = _Steps(settings, host, port, Conversation(host, port, context))
    try:
        steps.talk.open()
    except OSError as error:
        raise unreachable(steps.place, error) from error
    with steps.talk:
        until = steps.shake_hands()
        steps.introduce()
        if uses_sasl(settings):
            steps.log_in()
        return Answer(steps.brokers(), until)


@dataclass(frozen=True, slots=True)
class _Steps:
    """Each step of a connection, and what it means if that one fails."""

    settings: KafkaSettings
    host: str
    port: int
    talk: Conversation

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"

    def shake_hands(self) -> float | None:
        try:
            until = self.talk.shake_hands()
        except ssl.SSLCertVerificationError as error:
            raise untrusted(self.place, error) from error
        except OSError as error:
            if speaks_without_tls(self.host, self.port):
                speaks = "speaks Kafka without TLS"
                instead = self._protocols("PLAINTEXT")
                raise wrong_protocol(self.place, speaks, instead, self.settings) from error
            raise self._no_tls(error) from error
        return None if until is None else ssl.cert_time_to_seconds(until)

    def introduce(self) -> None:
        try:
            self.talk.versions()
        except NOT_UNDERSTOOD as error:
            if uses_tls(self.settings):
                # With TLS 1.3 a client is judged after the handshake has ended for it.
                raise self._no_tls(error) from error
            if speaks_tls(self.host, self.port):
                instead = self._protocols("SSL")
                raise wrong_protocol(self.place, "speaks TLS", instead, self.settings) from error
            raise self._not_kafka(error) from error

    def log_in(self) -> None:
        try:
            code, offered = self.talk.mechanisms(self.settings.sasl_mechanism)
            if code == _ILLEGAL_SASL_STATE:
                instead = "SSL" if uses_tls(self.settings) else "PLAINTEXT"
                raise wrong_protocol(self.place, "wants no login", instead, self.settings)
            if code == _UNSUPPORTED_MECHANISM:
                found = f"{self.place} does not offer {self.settings.sasl_mechanism}"
                advice = f"sasl-mechanism may be {', '.join(offered)}"
                raise Trouble("wrong-mechanism", found, advice)
            accepted = code == 0 and self._accepted()
        except NOT_UNDERSTOOD as error:
            found = f"{self.place} broke the login off ({_words(error)})"
            raise Trouble("no-answer", found, "see the broker's own log") from error
        if not accepted:
            raise login_refused(self.place, self.settings)

    def brokers(self) -> tuple[tuple[str, int], ...]:
        try:
            named = tuple(self.talk.brokers())
        except NOT_UNDERSTOOD as error:
            offered = mechanisms_of(self.settings, self.host, self.port)
            if offered and not uses_sasl(self.settings):
                speaks = f"wants a login ({', '.join(offered)})"
                instead = "SASL_SSL" if uses_tls(self.settings) else "SASL_PLAINTEXT"
                raise wrong_protocol(self.place, speaks, instead, self.settings) from error
            raise self._not_kafka(error) from error
        if not named:
            found = f"{self.place} names no broker yet"
            raise Trouble("no-answer", found, "it is probably still starting")
        return named

    def _accepted(self) -> bool:
        options: dict[str, Any] = sasl_options(self.settings)
        mechanism = get_sasl_mechanism(self.settings.sasl_mechanism)(host=self.host, **options)
        while not mechanism.is_done():
            code, answer = self.talk.authenticate(_next_words(mechanism))
            if code:
                return False
            mechanism.receive(answer)
        return bool(mechanism.is_authenticated())

    def _no_tls(self, error: Exception) -> Trouble:
        alert = alert_of(error)
        if alert is not None and any(word in alert for word in _ABOUT_US):
            return refused_by_broker(self.place, self.settings, alert)
        found = f"{self.place} broke TLS off ({_words(error)})"
        return Trouble("no-answer", found, "it may be stopping; else see the broker's own log")

    def _not_kafka(self, error: Exception) -> Trouble:
        found = f"{self.place} does not answer as a Kafka broker ({_words(error)})"
        return Trouble("not-kafka", found, "it may be starting; else check bootstrap-servers")

    def _protocols(self, kind: str) -> str:
        return f"SASL_{kind}" if uses_sasl(self.settings) else f"{kind} or SASL_{kind}"


def _next_words(mechanism: Any) -> bytes:
    """What a login says next; a token may have to be fetched for it."""
    try:
        return bytes(mechanism.auth_bytes())
    except Fatal as error:
        raise Trouble("wrong-credentials", "there is no token", str(error)) from error
    except Unavailable as error:
        raise Trouble("no-token", "there is no token yet", str(error)) from error


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return alert_of(error) or str(error)
