"""Bundles on web servers: over TLS, and on such that never end what they began."""

import shutil
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from itertools import repeat
from pathlib import Path
from threading import Event, Thread
from urllib.parse import quote

import pytest

from deploy.bundle.errors import BundleError, Fatal, Unavailable
from deploy.bundle.keys import make_key
from deploy.bundle.manifest import MANIFEST, anybody, open_bundle
from deploy.bundle.signature import read_trust
from edge.rollout import fetching as fetching_module
from edge.rollout.aside import read_aside
from edge.rollout.fetching import Fetching, Stopped, manifest_of
from edge.rollout.refusals import Denied
from edge.rollout.remote import reader_of
from edge.rollout.store import Store
from edge.rollout.words import BundlePlace
from tests.brokers.certificates import Authority
from tests.unit.test_rollout_fetching import Handler, fetching, left_over, served, store

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


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("https://user:secret@host/bundle", "login has no place on a topic"),
        ("https://host/bundle?X-Amz-Signature=secret", r"https://host/bundle\?… is no folder"),
        ("https://host/bundle#secret", r"https://host/bundle\?… is no folder"),
        ("https://[host/bundle", "is no address"),
        ("https://host:99999/bundle", "is no address"),
        ("https:///bundle", "its host has no name"),
        ("https://a host/bundle", "its host has no name"),
        ("https://höst/bundle", "its host has no name"),
        ("https://host/bun\ndle", "cannot be printed"),
        ("bundles/new", "not an absolute path"),
        ("file:bundles/new", "not an absolute path"),
        ("file://elsewhere/bundles/new", "not an absolute path"),
        ("nothing://host/bundle", "cannot be read"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused_in_a_sentence(uri: str, why: str) -> None:
    with pytest.raises(Fatal, match=why) as refused:
        list(reader_of(uri)("bundle.json", 0))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["a b", "a#b", "a?b", "a%20b", "ä", "[b"])
def test_a_folder_may_be_called_anything(tiny_bundle: Path, tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(tiny_bundle, tmp_path / name))
    expected = (folder / MANIFEST).read_bytes()
    with served(tmp_path) as web:
        for uri in (str(folder), folder.as_uri(), f"{web}/{quote(name)}", f"{web}/{quote(name)}/"):
            assert manifest_of(reader_of(uri), uri) == expected


class Secretive(Handler):
    """Says that what is not there is forbidden, as S3 does to whoever may not list a bucket."""

    def do_GET(self) -> None:  # noqa: N802 - as the library calls it
        if Path(self.translate_path(self.path)).is_file():
            super().do_GET()
        else:
            self.send_error(403)


def test_a_signature_that_may_not_be_read_is_none(
    store: Store, tiny_bundle: Path, tmp_path: Path
) -> None:
    pytest.importorskip("cryptography", reason="needs the extra 'sign'")
    make_key(tmp_path / "key")
    with served(tiny_bundle, Secretive) as web:
        wanted = BundlePlace(web, open_bundle(tiny_bundle).digest)
        with pytest.raises(Fatal, match="is not signed"):
            fetching(store, read_trust([tmp_path / "key.pub"]).vouch).fetch(wanted)
        assert fetching(store).fetch(wanted).digest == wanted.digest
        with pytest.raises(Denied, match="the server says 403"):
            list(reader_of(f"{web}/nowhere")(MANIFEST, 0))


class Garbled(Handler):
    """Has words for the terminal, as the reason of an error or in the place of an answer."""

    def do_GET(self) -> None:  # noqa: N802 - as the library calls it
        if self.path.startswith("/error"):
            self.send_response_only(503, "\x1b[2Jgone\x07" * 1000)
            self.end_headers()
        else:
            self.wfile.write(b"\x1b[2J\x00 nonsense\r\n\r\n")


@pytest.mark.parametrize("folder", ["error", "nonsense"])
def test_a_server_says_nothing_to_the_terminal(tmp_path: Path, folder: str) -> None:
    with served(tmp_path, Garbled) as web, pytest.raises(Unavailable) as refused:
        list(reader_of(f"{web}/{folder}")(MANIFEST, 0))
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 500


def test_what_never_ends_is_no_manifest_and_no_signature(
    store: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = (tiny_bundle / MANIFEST).read_bytes()

    def endless(name: str, _: int) -> Iterator[bytes]:
        yield from [manifest] if name == MANIFEST else repeat(bytes(1 << 20))

    monkeypatch.setattr(fetching_module, "reader_of", lambda _: endless)
    wanted = BundlePlace("https://host/bundle", open_bundle(tiny_bundle).digest)
    with pytest.raises(BundleError, match=r"bundle\.sig is larger than any"):
        fetching(store).fetch(wanted)
    assert left_over(store) == []


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
