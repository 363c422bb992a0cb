"""The one port, over a real socket: metrics, probes, and what else is asked for."""

import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import NamedTuple

import pytest

from deploy.bundle.errors import Fatal
from edge.observe.health import Health
from edge.observe.http import ObservationServer
from edge.observe.metrics import Metrics

HOST = "127.0.0.1"


class Answer(NamedTuple):
    status: int
    kind: str
    body: str


def serve(port: int = 0, health: Health | None = None) -> ObservationServer:
    return ObservationServer(HOST, port, Metrics(), health or Health(dict))


def ask(port: int, path: str, method: str = "GET") -> Answer:
    connection = HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        kind = answer.headers["Content-Type"]
        return Answer(answer.status, kind, answer.read().decode())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[ObservationServer, Health]]:
    """One server for all tests that leave it as it is, since stopping one takes half a second."""
    health = Health(dict)
    with serve(health=health) as server:
        yield server, health


@pytest.fixture
def port(served: tuple[ObservationServer, Health]) -> int:
    return served[0].port


@pytest.fixture
def health(served: tuple[ObservationServer, Health]) -> Iterator[Health]:
    """What the server's probes are answered from; a service that starts, at each test's end too."""
    health = served[1]
    yield health
    health.started = health.ready = False


def test_metrics_are_served_as_prometheus_reads_them(port: int) -> None:
    answer = ask(port, "/metrics")
    assert answer.status == 200
    assert answer.kind.startswith("text/plain; version=")
    assert 'yardlight_frames_total{outcome="classified"} 0.0' in answer.body.splitlines()


@pytest.mark.parametrize("probe", ["startup", "ready"])
def test_a_probe_answers_503_until_the_service_runs(port: int, health: Health, probe: str) -> None:
    health.phase = "waiting for Kafka"
    assert ask(port, f"/health/{probe}")[::2] == (503, "waiting for Kafka\n")
    health.started = health.ready = True
    assert ask(port, f"/health/{probe}").status == 200


def test_liveness_follows_the_threads(
    port: int, health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(port, "/health/live")[::2] == (200, "alive\n")
    monkeypatch.setattr(health, "silent_for", lambda: {"poll": 1e6})
    assert ask(port, "/health/live").status == 503


def test_a_query_does_not_hide_a_probe(port: int) -> None:
    assert ask(port, "/health/live?verbose=1").status == 200


@pytest.mark.parametrize("path", ["/", "/metrics/", "/health", "/healthz", "/../etc/passwd"])
def test_any_other_path_says_what_is_there(port: int, path: str) -> None:
    answer = ask(port, path)
    assert answer.status == 404
    assert answer.body == "/metrics /health/startup /health/ready /health/live\n"


@pytest.mark.parametrize("probe", ["", "alive", "live/"])
def test_an_unknown_probe_says_which_there_are(port: int, probe: str) -> None:
    assert ask(port, f"/health/{probe}")[::2] == (404, "startup, ready or live\n")


def test_scrapes_are_not_written_anywhere(port: int, capfd: pytest.CaptureFixture[str]) -> None:
    ask(port, "/metrics")
    ask(port, "/nothing")
    assert capfd.readouterr() == ("", "")


def test_one_who_connects_and_says_nothing_keeps_nobody_waiting(port: int) -> None:
    with socket.create_connection((HOST, port)):
        assert ask(port, "/health/live").status == 200


def test_a_port_in_use_is_named(port: int) -> None:
    with pytest.raises(Fatal, match=f"metrics-port {port} on 127.0.0.1 cannot be used"):
        serve(port).__enter__()


def test_an_address_that_is_not_ours_is_named() -> None:
    server = ObservationServer("192.0.2.1", 0, Metrics(), Health(dict))
    with pytest.raises(Fatal, match=r"192\.0\.2\.1 cannot be used"):
        server.__enter__()


@pytest.mark.slow
def test_a_port_is_free_at_once_when_the_server_ends() -> None:
    with serve() as first:
        port = first.port
        ask(port, "/health/live")
    with pytest.raises(ConnectionRefusedError):
        ask(port, "/health/live")
    with serve(port) as second:
        assert second.port == port
        assert ask(port, "/health/live").status == 200
