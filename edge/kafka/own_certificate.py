"""Until when this client's own certificate is valid."""

import ssl
from pathlib import Path

from deploy.bundle.errors import Fatal
from edge.kafka.tls import load_own_certificate
from edge.settings.kafka import KafkaSettings

_OUTDATED = {10: "has expired", 9: "is not valid yet"}
"""By OpenSSL's X509_V_ERR_*."""


class Outdated(Exception):  # noqa: N818 - a state of the certificate, not of the program
    """Its time is over, or has not begun; the message says which."""


def own_certificate_until(settings: KafkaSettings) -> float | None:
    """Unix seconds when the certificate in `ssl_certfile` expires; None if there is none.

    The standard library tells the dates of a certificate only to whoever verifies it. So it is
    shown to ourselves, in memory, by a client to a server that trusts just this one.

    Raises:
        Outdated: it has expired already, or is not valid yet.
        Fatal: the files cannot be used.
    """
    if settings.ssl_certfile is None:
        return None
    client, server = _pair(settings, settings.ssl_certfile)
    _show(client, server)
    until = (server.getpeercert() or {}).get("notAfter")
    return ssl.cert_time_to_seconds(until) if isinstance(until, str) else None


def usable_until(settings: KafkaSettings) -> float:
    """The same for a chart: 0 where there is no certificate that could be used now."""
    try:
        return own_certificate_until(settings) or 0.0
    except (Outdated, Fatal):
        return 0.0


def _pair(settings: KafkaSettings, certificate: Path) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """A client that shows the certificate, and a server that trusts nobody else."""
    showing = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    showing.check_hostname, showing.verify_mode = False, ssl.CERT_NONE
    load_own_certificate(showing, settings)
    looking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    looking.verify_mode = ssl.CERT_REQUIRED
    looking.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    looking.load_verify_locations(certificate)
    load_own_certificate(looking, settings)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    return showing.wrap_bio(back, there), looking.wrap_bio(there, back, server_side=True)


def _show(client: ssl.SSLObject, server: ssl.SSLObject) -> None:
    done = [False, False]
    while not all(done):
        for number, side in enumerate((client, server)):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                raise Outdated(_OUTDATED.get(error.verify_code, error.verify_message)) from None
            done[number] = True
