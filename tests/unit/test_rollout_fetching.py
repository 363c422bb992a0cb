"""A bundle comes whole into the store, or not at all and with a sentence that says why."""

import errno
import fcntl
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deploy.bundle.errors import BundleError, Fatal, MissingDriver, Unavailable
from deploy.bundle.keys import make_key, read_private_key
from deploy.bundle.manifest import MANIFEST, MODEL, anybody, digest_of, open_bundle
from deploy.bundle.signature import read_trust
from deploy.signing.signed import sign_bundle
from edge.rollout import store as stores
from edge.rollout.fetching import Fetching, Stopped
from edge.rollout.node import Mark, Memory
from edge.rollout.store import Store
from edge.rollout.words import BundlePlace


@pytest.fixture
def source(tiny_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_bundle, tmp_path / "source"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "cache", 1 << 30)
    made.open()
    return made


def never(_: float) -> bool:
    return False


def place(source: Path, uri: str = "") -> BundlePlace:
    return BundlePlace(uri or str(source), open_bundle(source).digest)


def fetching(store: Store, vouch: Callable[[Path, bytes], None] = anybody) -> Fetching:
    return Fetching(store, vouch, never, lambda: None)


def left_over(store: Store) -> list[str]:
    return [it.name for it in store.folder.iterdir() if it.name != ".lock"]


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Not into the tests' own output."""


class Cut(Handler):
    """Says how long a file is, and ends before that."""

    def copyfile(self, source, outputfile) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        data = source.read()
        outputfile.write(data[: len(data) // 2] if self.path.endswith(MODEL) else data)


class Busy(Handler):
    def do_GET(self) -> None:
        self.send_error(503)


@contextmanager
def served(folder: Path, handler: type[Handler] = Handler) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=folder)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("kind", ["path", "file", "http", "memory"])
def test_a_bundle_is_fetched_from_wherever_it_lies(store: Store, source: Path, kind: str) -> None:
    with served(source) as web:
        uris = {"path": str(source), "file": source.as_uri(), "http": web, "memory": "memory://b"}
        if kind == "memory":
            in_memory(source, "memory://b")
        wanted = place(source, uris[kind])
        found = fetching(store).fetch(wanted)
    assert found.digest == wanted.digest
    assert found.folder.parent == store.folder
    assert store.find(wanted.digest, anybody) == found


def in_memory(source: Path, uri: str) -> None:
    fsspec = pytest.importorskip("fsspec", reason="needs the extra 'remote'")
    for path in source.rglob("*"):
        if path.is_file():
            with fsspec.open(f"{uri}/{path.relative_to(source)}", "wb") as file:
                file.write(path.read_bytes())


def test_what_lies_there_is_not_fetched_again(store: Store, source: Path) -> None:
    wanted = place(source)
    first = fetching(store).fetch(wanted)
    shutil.rmtree(source)
    assert fetching(store).fetch(wanted) == first


def test_what_another_worker_fetched_meanwhile_lies_there_once(store: Store, source: Path) -> None:
    wanted = place(source)
    lock = (store.folder / ".lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)

    def done_by_the_other(_: float) -> bool:
        lock.close()
        fetching(store).fetch(wanted)
        return False

    found = Fetching(store, anybody, done_by_the_other, lambda: None).fetch(wanted)
    assert left_over(store) == [found.folder.name]


def test_half_a_download_is_tried_again_and_goes_on_where_it_stopped(
    store: Store, source: Path
) -> None:
    with served(source, Cut) as web, pytest.raises(Unavailable, match="bytes too early"):
        fetching(store).fetch(place(source, web))
    (draft,) = left_over(store)
    whole = {it.name for it in (store.folder / draft).rglob("*") if it.is_file()}
    assert "bundle.json" in whole
    with served(source) as web:
        assert fetching(store).fetch(place(source, web)).model.is_file()


def test_a_server_that_is_busy_may_answer_later_and_one_that_has_it_not_never_will(
    store: Store, source: Path, tmp_path: Path
) -> None:
    with served(source, Busy) as web, pytest.raises(Unavailable, match="503"):
        fetching(store).fetch(place(source, web))
    with served(tmp_path) as web, pytest.raises(Fatal, match="404"):
        fetching(store).fetch(place(source, f"{web}/nowhere"))
    assert web
    with pytest.raises(Unavailable, match="cannot be fetched"):
        fetching(store).fetch(place(source, web))


def damaged(source: Path) -> str:
    (source / MODEL).write_bytes((source / MODEL).read_bytes()[:-1])
    return f"{MODEL}: sha256 is"


def missing(source: Path) -> str:
    (source / MODEL).unlink()
    return "does not exist"


def another(source: Path) -> str:
    text = (source / "bundle.json").read_text(encoding="utf-8")
    (source / "bundle.json").write_text(text.replace("colours", "colors"), encoding="utf-8")
    return "holds sha256:"


@pytest.mark.parametrize("change", [damaged, missing, another])
def test_what_is_not_what_was_ordered_leaves_nothing_behind(
    store: Store, source: Path, change: Callable[[Path], str]
) -> None:
    wanted = place(source)
    why = change(source)
    with pytest.raises(Fatal, match=why):
        fetching(store).fetch(wanted)
    assert left_over(store) == []


def test_what_nobody_signed_is_refused_before_the_rest_of_it_is_fetched(
    store: Store, source: Path, tmp_path: Path
) -> None:
    pytest.importorskip("cryptography", reason="needs the extra 'sign'")
    make_key(tmp_path / "key")
    vouch = read_trust([tmp_path / "key.pub"]).vouch
    (source / MODEL).rename(tmp_path / "aside")
    wanted = BundlePlace(str(source), digest_of((source / MANIFEST).read_bytes()))
    with pytest.raises(Fatal, match="is not signed"):
        fetching(store, vouch).fetch(wanted)
    (tmp_path / "aside").rename(source / MODEL)
    sign_bundle(source, read_private_key(tmp_path / "key"), replace=False)
    assert fetching(store, vouch).fetch(wanted).digest == wanted.digest


def test_a_full_disk_is_said_and_leaves_nothing_behind(
    store: Store, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(stores.Store, "make_room", full)
    with pytest.raises(OSError, match="No space left"):
        fetching(store).fetch(place(source))
    assert left_over(store) == []


def test_a_stop_in_the_middle_leaves_what_came_for_the_next_try(store: Store, source: Path) -> None:
    stopped = Fetching(store, anybody, lambda _: True, lambda: None)
    with pytest.raises(Stopped):
        stopped.fetch(place(source))
    assert len(left_over(store)) == 1
    fetching(store).fetch(place(source))
    assert [it for it in left_over(store) if it.startswith(".")] == []


def test_a_cache_that_others_can_write_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o700)
    folder.chmod(0o777)
    with pytest.raises(Fatal, match=r"open can be written by others .* another --bundles-cache"):
        Store(folder, 1).open()


def test_without_fsspec_one_sentence_names_the_extra_and_folders_still_work(
    store: Store, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingDriver, match=r"pip install 'yardlight\[remote\]'"):
        fetching(store).fetch(place(source, "s3://bucket/bundle"))
    assert fetching(store).fetch(place(source)).model.is_file()


def test_a_memory_that_cannot_be_read_is_none(store: Store) -> None:
    (store.folder / "node.json").write_bytes(b"{")
    assert store.recall("node") == Memory()
    store.remember("node", Memory(serving=Mark(3, "sha256:x")))
    assert store.recall("node").serving == Mark(3, "sha256:x")


def test_a_bundle_that_was_damaged_in_the_store_is_fetched_again(
    store: Store, source: Path
) -> None:
    found = fetching(store).fetch(place(source))
    (found.folder / MODEL).write_bytes(b"damaged")
    with pytest.raises(BundleError):
        store.find(found.digest, anybody)
    assert fetching(store).fetch(place(source)).digest == found.digest
