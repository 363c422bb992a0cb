"""Whether the brokers can be used: those that we are told of, and those that they tell of."""

import socket
from collections.abc import Iterator

from edge.doctor.expiry import expires
from edge.doctor.finding import Finding, fail, ok
from edge.kafka.client import addresses, ask_broker
from edge.kafka.probe import Answer
from edge.kafka.trouble import Trouble
from edge.settings.kafka import KafkaSettings

_SECONDS = 3.0


def check_brokers(settings: KafkaSettings) -> Iterator[Finding]:
    """A finding for each; at least one `ok` among those of `bootstrap_servers` is needed."""
    told: set[tuple[str, int]] = set()
    for host, port in addresses(settings):
        answer = ask_broker(settings, (host, port))
        yield from _bootstrap(f"broker {host}:{port}", answer)
        if isinstance(answer, Answer):
            told |= set(answer.brokers)
    for host, port in sorted(told - set(addresses(settings))):
        yield _advertised(host, port)


def _bootstrap(check: str, answer: Answer | Trouble) -> Iterator[Finding]:
    if isinstance(answer, Trouble):
        yield fail(check, f"{answer.found} [{answer.cause}]", _sentence(answer.advice))
        return
    yield ok(check, f"answers; brokers of the cluster: {len(answer.brokers)}")
    if answer.certificate_until is not None:
        yield expires(f"certificate of {check}", answer.certificate_until)


def _sentence(advice: str) -> str:
    """With a capital, unless it begins with the name of a setting."""
    first = advice.partition(" ")[0]
    begin = advice[:1] if "-" in first else advice[:1].upper()
    return begin + advice[1:] + ("" if advice.endswith("?") else ".")


def _advertised(host: str, port: int) -> Finding:
    check = f"advertised broker {host}:{port}"
    try:
        with socket.create_connection((host, port), _SECONDS):
            return ok(check, "can be reached")
    except OSError as error:
        return fail(
            check,
            f"cannot be reached: {error.strerror or error}",
            "Set advertised.listeners of that broker to an address that this machine reaches.",
        )
