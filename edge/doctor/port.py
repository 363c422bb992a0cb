"""Whether metrics and health can be served where they are told."""

import errno
import socket
import urllib.request
from collections.abc import Iterator

from edge.doctor.finding import Finding, fail, ok
from edge.settings.operation import OperationSettings

_SECONDS = 2.0
_MARK = b"yardlight_"


def check_port(settings: OperationSettings) -> Iterator[Finding]:
    host, port = settings.metrics_host, settings.metrics_port
    check = f"metrics port {port}"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As the service will: a port whose last connections linger is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            yield ok(check, f"free on {host}")
        except OSError as error:
            yield _taken(check, host, port, error)


def _taken(check: str, host: str, port: int, error: OSError) -> Finding:
    if error.errno == errno.EADDRINUSE and _is_ours(host, port):
        return ok(check, "a Yardlight that runs already serves it")
    return fail(
        check,
        f"cannot be used on {host}: {error.strerror}",
        "Stop what listens there (`ss -ltnp` names it), or choose another with --metrics-port.",
    )


def _is_ours(host: str, port: int) -> bool:
    near = "127.0.0.1" if host in {"0.0.0.0", ""} else host  # noqa: S104 - compared, not bound
    try:
        with urllib.request.urlopen(f"http://{near}:{port}/metrics", timeout=_SECONDS) as page:
            return _MARK in page.read()
    except (OSError, ValueError):
        return False
