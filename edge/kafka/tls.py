"""TLS to the brokers, from PEM files that may be replaced while the service runs.

kafka-python loads the files it is told again for each new connection, so certificates that were
renewed count from the next connection on, without a restart.
"""

import ssl
from pathlib import Path
from typing import Any

from deploy.bundle.errors import Fatal
from edge.kafka.secret import SecretFile
from edge.settings.kafka import KafkaSettings


def uses_tls(settings: KafkaSettings) -> bool:
    return settings.security_protocol in {"SSL", "SASL_SSL"}


def tls_options(settings: KafkaSettings) -> dict[str, Any]:
    """Keyword arguments for the clients of kafka-python.

    Raises:
        Fatal: a file is missing or is not what it should be.
    """
    tls_context(settings)
    files = {
        "ssl_cafile": settings.ssl_cafile,
        "ssl_certfile": settings.ssl_certfile,
        "ssl_keyfile": settings.ssl_keyfile,
    }
    named = {option: str(path) for option, path in files.items() if path is not None}
    return {**named, "ssl_password": KeyPassword(settings)}


def tls_context(settings: KafkaSettings) -> ssl.SSLContext:
    """A context from the files as they are now; host names are always checked.

    Raises:
        Fatal: a file is missing or is not what it should be; says which.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.ssl_cafile is None:
        context.load_default_certs()
    else:
        _load_authorities(context, settings.ssl_cafile)
    if settings.ssl_certfile is not None:
        load_own_certificate(context, settings)
    elif settings.ssl_keyfile is not None:
        raise Fatal("ssl-keyfile needs ssl-certfile: the key alone proves nothing")
    return context


def load_own_certificate(context: ssl.SSLContext, settings: KafkaSettings) -> None:
    """Give a context this client's certificate and key.

    Raises:
        Fatal: one of them is missing, damaged, encrypted with another password, or they do not
            belong together.
    """
    certificate = settings.ssl_certfile
    assert certificate is not None
    key = settings.ssl_keyfile or certificate
    _check_readable("ssl-certfile", certificate)
    _check_readable("ssl-keyfile", key)
    password = KeyPassword(settings)
    try:
        context.load_cert_chain(certificate, settings.ssl_keyfile, password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            found = f"ssl-keyfile {key} is not the key of ssl-certfile {certificate}"
        elif password.asked:
            found = f"ssl-key-password-file holds another password than that of {key}"
        else:
            found = f"ssl-certfile {certificate} or ssl-keyfile {key} is not PEM"
        raise Fatal(found) from None


class KeyPassword:
    """Asked by OpenSSL when, and only when, a key is encrypted. Without it OpenSSL would ask the
    terminal, and a service would wait for ever.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self.asked = False

    def __call__(self) -> str:
        self.asked = True
        path = self._settings.ssl_key_password_file
        if path is None:
            raise Fatal(f"{self._settings.ssl_keyfile} is encrypted: name ssl-key-password-file")
        return SecretFile("ssl-key-password-file", path).read()


def _load_authorities(context: ssl.SSLContext, path: Path) -> None:
    _check_readable("ssl-cafile", path)
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        raise Fatal(f"ssl-cafile {path} holds no certificate in PEM") from None


def _check_readable(option: str, path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise Fatal(f"{option}: {path} does not exist") from None
    except OSError as error:
        raise Fatal(f"{option} {path} cannot be read: {error.strerror}") from error
