"""Bundles on web servers: over TLS, and on such that never end what they began."""

import shutil
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from deploy.bundle.errors import Unavailable
from deploy.bundle.manifest import anybody, open_bundle
from edge.rollout.aside import read_aside
from edge.rollout.fetching import Fetching, Stopped
from edge.rollout.store import Store
from edge.rollout.words import BundlePlace
from tests.brokers.certificates import Authority
from tests.unit.test_rollout_fetching import Handler, fetching, left_over, store

__all__ = ["store"]


class Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Whoever does not trust it goes."""


@contextmanager
def served_over_tls(folder: Path, authority: Authority) -> Iterator[str]:
    mine = authority.issue("web")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(mine.certificate, mine.key)
    with Quiet(("127.0.0.1", 0), partial(Handler, directory=folder)) as server:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_over_tls_a_bundle_comes_from_whom_this_machine_trusts_only(
    store: Store, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority.make(tmp_path, "authority")
    with served_over_tls(tiny_bundle, authority) as web:
        wanted = BundlePlace(web, open_bundle(tiny_bundle).digest)
        with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
            fetching(store).fetch(wanted)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        assert fetching(store).fetch(wanted).digest == wanted.digest


@contextmanager
def silent() -> Iterator[tuple[str, Event]]:
    """A server that takes a connection, and says nothing; whether somebody came."""
    came, over = Event(), Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with closing(connection):
                came.set()
                over.wait()

        thread = Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", came
        finally:
            over.set()
            thread.join()


def test_a_stop_does_not_wait_for_a_server_that_says_nothing(store: Store) -> None:
    with silent() as (web, came):
        stopping = Fetching(store, anybody, lambda _: came.is_set(), lambda: None)
        began = time.monotonic()
        with pytest.raises(Stopped):
            stopping.fetch(BundlePlace(web, f"sha256:{'0' * 64}"))
        # The server is waited for twenty seconds.
        assert time.monotonic() - began < 10
    assert len(left_over(store)) == 1


def test_who_waits_is_heard_of_though_nothing_comes() -> None:
    looked, go_on = [], Event()

    def slow() -> Iterator[bytes]:
        yield b"one"
        go_on.wait()
        yield b"two"

    def look() -> None:
        looked.append(1)
        if len(looked) == 3:
            go_on.set()

    assert list(read_aside(slow(), look)) == [b"one", b"two"]
    assert len(looked) >= 3


def test_what_goes_wrong_aside_is_raised_where_it_is_waited_for() -> None:
    def broken() -> Iterator[bytes]:
        yield b"one"
        raise Unavailable("the line is dead")

    found = read_aside(broken(), lambda: None)
    assert next(found) == b"one"
    with pytest.raises(Unavailable, match="the line is dead"):
        next(found)


def test_whoever_leaves_is_not_read_for_any_more() -> None:
    closed = Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield b"more"
        finally:
            closed.set()

    found = read_aside(endless(), lambda: None)
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert closed.wait(30)
