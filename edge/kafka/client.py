"""What every Kafka client of ours has in common: how it connects, waits and is secured."""

import ctypes
import socket
from collections.abc import Callable, Mapping
from typing import Any

from deploy.bundle.errors import Fatal
from edge.settings import KafkaSettings

HEARTBEAT_INTERVAL_MS = 700
"""Joins and clean hand-overs take up to one heartbeat of the other members."""
RECONNECT_MS = 1_000
"""kafka-python's own 30 s would leave a member silent for half a minute after an outage."""
METADATA_MAX_AGE_MS = 5_000
_PROBE_SECONDS = 2.0
_PROBE_INTERVAL = 1.0
_MALLOC_TRIM, _MALLOC_TOP_PAD, _MALLOC_MMAP = -1, -2, -3


def connection(settings: KafkaSettings, client_id: str) -> dict[str, Any]:
    """Keyword arguments for a consumer, producer or admin client of kafka-python.

    Raises:
        Fatal: a password file cannot be read.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.servers,
        "client_id": client_id,
        "reconnect_backoff_max_ms": RECONNECT_MS,
        "metadata_max_age_ms": METADATA_MAX_AGE_MS,
        "security_protocol": settings.security_protocol,
    }
    if settings.security_protocol in {"SSL", "SASL_SSL"}:
        options |= _files(settings)
    if settings.security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": _password(settings),
        }
    return options


def check_settings(settings: KafkaSettings) -> None:
    """Find out what can be wrong with them before anybody is asked.

    Raises:
        Fatal: a server is not written as HOST:PORT, a file or a user is missing.
    """
    _addresses(settings)
    connection(settings, "")


def wait_for_broker(
    settings: KafkaSettings, stopping: Callable[[float], bool], tell: Callable[[str], None]
) -> bool:
    """Wait until one of the brokers accepts a connection; False if told to stop before.

    kafka-python's constructors leak a thread each time they fail, so they are called only when
    somebody listens.

    Args:
        stopping: waits up to that many seconds and returns whether to stop.
        tell: is told once what is waited for, and once when it is there.

    Raises:
        Fatal: a setting is wrong.
    """
    check_settings(settings)
    waiting = False
    while not somebody_listens(settings):
        if not waiting:
            tell(f"waiting for a broker at {settings.bootstrap_servers}")
            waiting = True
        if stopping(_PROBE_INTERVAL):
            return False
    if waiting:
        tell(f"a broker answers at {settings.bootstrap_servers}")
    return True


def somebody_listens(settings: KafkaSettings) -> bool:
    """Whether one of the brokers accepts a connection.

    Raises:
        Fatal: a server is not written as HOST:PORT.
    """
    return any(_listens(*address) for address in _addresses(settings))


def keep_large_buffers() -> None:
    """Let glibc keep the multi-megabyte buffers of fetches instead of mapping each anew.

    Halves the CPU time of a fetched record; does nothing on another C library.
    """
    library: Any = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MALLOC_MMAP, 32 << 20)
        library.mallopt(_MALLOC_TRIM, 512 << 20)
        library.mallopt(_MALLOC_TOP_PAD, 16 << 20)


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=_PROBE_SECONDS):
            return True
    except OSError:
        return False


def _addresses(settings: KafkaSettings) -> list[tuple[str, int]]:
    if not settings.servers:
        raise Fatal("bootstrap-servers is empty, expected HOST:PORT")
    return [_address(server) for server in settings.servers]


def _address(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) <= 65535:  # noqa: PLR2004 - TCP
        raise Fatal(f"bootstrap-servers: {server!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _files(settings: KafkaSettings) -> Mapping[str, str]:
    files = {
        "ssl_cafile": settings.ssl_cafile,
        "ssl_certfile": settings.ssl_certfile,
        "ssl_keyfile": settings.ssl_keyfile,
    }
    for option, path in files.items():
        if path is not None and not path.is_file():
            raise Fatal(f"{option.replace('_', '-')}: {path} does not exist")
    return {option: str(path) for option, path in files.items() if path is not None}


def _password(settings: KafkaSettings) -> str:
    path = settings.sasl_password_file
    if path is None or settings.sasl_username is None:
        raise Fatal(f"{settings.security_protocol} needs sasl-username and sasl-password-file")
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Fatal(f"sasl-password-file {path} cannot be read: {error.strerror}") from error
