"""What every Kafka client of ours has in common: how it connects, waits and is secured."""

import ctypes
from collections.abc import Callable
from typing import Any

from deploy.bundle.errors import Fatal
from edge.kafka.probe import Answer, probe
from edge.kafka.sasl import sasl_options, uses_sasl
from edge.kafka.tls import tls_options, uses_tls
from edge.kafka.trouble import Trouble
from edge.settings.kafka import KafkaSettings

HEARTBEAT_INTERVAL_MS = 700
"""Joins and clean hand-overs take up to one heartbeat of the other members."""
RECONNECT_MS = 1_000
"""kafka-python's own 30 s would leave a member silent for half a minute after an outage."""
METADATA_MAX_AGE_MS = 5_000
_PROBE_INTERVAL = 1.0
_MALLOC_TRIM, _MALLOC_TOP_PAD, _MALLOC_MMAP = -1, -2, -3


def connection(settings: KafkaSettings, client_id: str) -> dict[str, Any]:
    """Keyword arguments for a consumer, producer or admin client of kafka-python.

    Raises:
        Fatal: a setting is missing, or a file of a setting cannot be used.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.servers,
        "client_id": client_id,
        "reconnect_backoff_max_ms": RECONNECT_MS,
        "metadata_max_age_ms": METADATA_MAX_AGE_MS,
        "security_protocol": settings.security_protocol,
    }
    if uses_tls(settings):
        options |= tls_options(settings)
    if uses_sasl(settings):
        options |= sasl_options(settings)
    return options


def check_settings(settings: KafkaSettings) -> None:
    """Find out what can be wrong with them before anybody is asked.

    Raises:
        Fatal: a server is not written as HOST:PORT, a file or a user is missing.
    """
    addresses(settings)
    connection(settings, "")


def wait_for_broker(
    settings: KafkaSettings, stopping: Callable[[float], bool], tell: Callable[[str], None]
) -> bool:
    """Wait until one of the brokers can be used; False if told to stop before.

    kafka-python's constructors leak a thread each time they fail, and take every cause for a
    timeout, so they are called only when a broker has answered. What may mend itself is waited for
    (a broker that is away, a certificate that has expired); what only other settings mend is not.

    Args:
        stopping: waits up to that many seconds and returns whether to stop.
        tell: is told what is waited for whenever that changes, and once when it is there.

    Raises:
        Fatal: a setting is wrong, such as the password, the protocol or the authority.
    """
    check_settings(settings)
    told = ""
    while (trouble := trouble_of(settings)) is not None:
        if trouble.lasting:
            raise Fatal(str(trouble)) from trouble
        if str(trouble) != told:
            told = str(trouble)
            tell(f"waiting for a broker at {settings.bootstrap_servers}: {told}")
        if stopping(_PROBE_INTERVAL):
            return False
    if told:
        tell(f"a broker answers at {settings.bootstrap_servers}")
    return True


def trouble_of(settings: KafkaSettings) -> Trouble | None:
    """Why none of the brokers can be used, None if one can. A cause that may mend itself goes
    before one that does not: the other broker may be the one that is right.

    Raises:
        Fatal: a setting is wrong in itself.
    """
    troubles = []
    for address in addresses(settings):
        answer = ask_broker(settings, address)
        if not isinstance(answer, Trouble):
            return None
        troubles.append(answer)
    return min(troubles, key=lambda trouble: trouble.lasting)


def require_broker(settings: KafkaSettings) -> None:
    """Insist that a broker can be used now.

    Raises:
        Unavailable: none can; says why.
        Fatal: a setting is wrong in itself.
    """
    if (trouble := trouble_of(settings)) is not None:
        raise trouble


def ask_broker(settings: KafkaSettings, address: tuple[str, int]) -> Answer | Trouble:
    """What the broker at one address says, or why it cannot be used.

    Raises:
        Fatal: a setting is wrong in itself.
    """
    try:
        return probe(settings, *address)
    except Trouble as trouble:
        return trouble


def keep_large_buffers() -> None:
    """Let glibc keep the multi-megabyte buffers of fetches instead of mapping each anew.

    Halves the CPU time of a fetched record; does nothing on another C library.
    """
    library: Any = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MALLOC_MMAP, 32 << 20)
        library.mallopt(_MALLOC_TRIM, 512 << 20)
        library.mallopt(_MALLOC_TOP_PAD, 16 << 20)


def addresses(settings: KafkaSettings) -> list[tuple[str, int]]:
    """Host and port of each bootstrap server.

    Raises:
        Fatal: one is not written as HOST:PORT.
    """
    if not settings.servers:
        raise Fatal("bootstrap-servers is empty, expected HOST:PORT")
    return [_address(server) for server in settings.servers]


def _address(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) <= 65535:  # noqa: PLR2004 - TCP
        raise Fatal(f"bootstrap-servers: {server!r} is not HOST:PORT")
    return host.strip("[]"), int(port)
