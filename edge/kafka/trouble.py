"""Why a broker cannot be used, each cause under its own name and with what to do."""

import errno
import socket
import ssl
from typing import Literal, TypeAlias

from deploy.bundle.errors import Unavailable
from edge.kafka.own_certificate import Outdated, own_certificate_until
from edge.settings.kafka import KafkaSettings

Cause: TypeAlias = Literal[
    "unknown-name",
    "nobody-listens",
    "no-answer",
    "not-kafka",
    "wrong-protocol",
    "unknown-authority",
    "wrong-host-name",
    "certificate-expired",
    "certificate-not-yet-valid",
    "certificate-refused",
    "client-certificate-missing",
    "client-certificate-refused",
    "wrong-mechanism",
    "wrong-credentials",
    "no-token",
    "token-refused",
]
_LASTING: frozenset[Cause] = frozenset(
    {
        "wrong-protocol",
        "unknown-authority",
        "wrong-host-name",
        "client-certificate-missing",
        "wrong-mechanism",
        "wrong-credentials",
    }
)
# OpenSSL's X509_V_ERR_*
_EXPIRED, _NOT_YET_VALID = 10, 9
_UNKNOWN_AUTHORITY = {2, 18, 19, 20, 21}
_WRONG_NAME = {62, 64}


class Trouble(Unavailable):
    """A broker that cannot be used now."""

    def __init__(self, cause: Cause, found: str, advice: str) -> None:
        super().__init__(f"{found}: {advice}")
        self.cause = cause
        self.found = found
        self.advice = advice

    @property
    def lasting(self) -> bool:
        """Whether only other settings of this machine mend it. The rest may mend itself: a broker
        comes back, a certificate is renewed, a clock is set.
        """
        return self.cause in _LASTING


def unreachable(place: str, error: OSError) -> Trouble:
    """No connection at all."""
    if isinstance(error, socket.gaierror):
        host = place.rpartition(":")[0]
        return Trouble(
            "unknown-name", f"no address is known for {host}", "check bootstrap-servers and DNS"
        )
    if isinstance(error, TimeoutError):
        return Trouble("no-answer", f"{place} does not answer", "is a firewall in between?")
    if error.errno == errno.ECONNREFUSED:
        return Trouble("nobody-listens", f"nobody listens at {place}", "is the broker running?")
    why = error.strerror or str(error)
    return Trouble("no-answer", f"{place} cannot be reached ({why})", "check the network")


def untrusted(place: str, error: ssl.SSLCertVerificationError) -> Trouble:
    """The broker's certificate was looked at and refused by us."""
    certificate = f"the certificate of {place}"
    if error.verify_code == _EXPIRED:
        return Trouble(
            "certificate-expired",
            f"{certificate} has expired",
            "renew it at the broker, or set the clock of this machine if it is wrong",
        )
    if error.verify_code == _NOT_YET_VALID:
        return Trouble(
            "certificate-not-yet-valid",
            f"{certificate} is not valid yet",
            "is the clock of this machine right?",
        )
    if error.verify_code in _UNKNOWN_AUTHORITY:
        return Trouble(
            "unknown-authority",
            f"{certificate} is signed by an authority that is not known here",
            "ssl-cafile must hold the one that signed it",
        )
    if error.verify_code in _WRONG_NAME:
        return Trouble(
            "wrong-host-name",
            f"{certificate} is for another host ({error.verify_message.rstrip('.')})",
            "use a name that it lists, or have it issued for this one",
        )
    found = f"{certificate} is refused ({error.verify_message})"
    return Trouble("certificate-refused", found, "have the broker's certificate issued anew")


def refused_by_broker(place: str, settings: KafkaSettings, alert: str) -> Trouble:
    """The broker ended a TLS handshake because of who we are, `alert` in its own words."""
    own = settings.ssl_certfile
    if own is None:
        return Trouble(
            "client-certificate-missing",
            f"{place} asks for a client certificate",
            "name ssl-certfile and ssl-keyfile",
        )
    try:
        own_certificate_until(settings)
    except Outdated as outdated:
        return Trouble(
            "client-certificate-refused",
            f"{place} refuses ssl-certfile {own}, which {outdated}",
            "renew it, or set the clock of this machine if it is wrong",
        )
    return Trouble(
        "client-certificate-refused",
        f"{place} refuses ssl-certfile {own} ({alert})",
        "have it signed by an authority that the broker trusts",
    )


def login_refused(place: str, settings: KafkaSettings) -> Trouble:
    """The broker does not believe who we say we are."""
    if settings.sasl_mechanism == "OAUTHBEARER":
        return Trouble(
            "token-refused",
            f"{place} refuses the token",
            "it has expired, or was issued for somebody else",
        )
    return Trouble(
        "wrong-credentials",
        f"{place} refuses the login of {settings.sasl_username}",
        f"that user, or the password in {settings.sasl_password_file}, is wrong",
    )


def wrong_protocol(place: str, speaks: str, instead: str, settings: KafkaSettings) -> Trouble:
    """The broker speaks another protocol on this port, and which one that is."""
    return Trouble(
        "wrong-protocol",
        f"{place} {speaks}",
        f"security-protocol must be {instead}, not {settings.security_protocol}",
    )
