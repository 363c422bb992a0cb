"""Half a file goes on where it stopped, wherever it comes from, and never counts as the whole."""

import shutil
from http.client import HTTPMessage
from io import BytesIO
from pathlib import Path
from urllib.request import Request

import pytest

from deploy.bundle.errors import BundleError, Fatal, Unavailable
from deploy.bundle.manifest import MODEL, anybody, open_bundle
from edge.rollout.fetching import Fetching, Stopped
from edge.rollout.remote import reader_of
from edge.rollout.retrying import MOST_TRIES, Retrying
from edge.rollout.store import Store
from edge.rollout.web import _SameScheme
from edge.rollout.words import BundlePlace
from tests.unit.test_rollout_fetching import (
    Handler,
    fetching,
    in_memory,
    left_over,
    place,
    served,
    source,
    store,
)

__all__ = ["source", "store"]


class Thin(Handler):
    """A link that breaks in the middle of the network until it is mended. It tells what was asked
    of it, and answers a wish for a part as it was told to.
    """

    broken, ranges, answers = True, [""], "part"

    def do_GET(self) -> None:  # noqa: N802 - as the library calls it
        if not self.path.endswith(MODEL):
            super().do_GET()
            return
        data = Path(self.translate_path(self.path)).read_bytes()
        asked = self.headers.get("Range", "")
        self.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").removesuffix("-") or 0)
        if asked and self.answers == "beyond":
            self.send_error(416)
            return
        part = asked and self.answers != "whole"
        # Whoever sends another part than was asked for says so.
        start = start if self.answers == "part" or not asked else start // 2
        sent = data[start:] if part else data
        self.send_response(206 if part else 200)
        if part:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent[: len(sent) // 2] if self.broken else sent)


@pytest.fixture
def thin() -> type[Thin]:
    class Fresh(Thin):
        ranges: list[str] = []  # noqa: RUF012 - of one test

    return Fresh


@pytest.mark.parametrize("answers", ["part", "whole", "other"])
def test_a_file_goes_on_where_the_link_broke_whatever_part_the_server_sends(
    store: Store, source: Path, thin: type[Thin], answers: str
) -> None:
    thin.answers = answers
    size = (source / MODEL).stat().st_size
    with served(source, thin) as web:
        with pytest.raises(Unavailable, match="bytes too early"):
            fetching(store).fetch(place(source, web))
        thin.broken = False
        found = fetching(store).fetch(place(source, web))
    assert thin.ranges == ["", f"bytes={size // 2}-"]
    assert found.model.read_bytes() == (source / MODEL).read_bytes()


def test_each_break_costs_only_what_was_not_there_yet(
    store: Store, source: Path, thin: type[Thin]
) -> None:
    size, came = (source / MODEL).stat().st_size, []
    wanted = place(source)
    with served(source, thin) as web:
        for _ in range(3):
            with pytest.raises(Unavailable):
                fetching(store).fetch(place(source, web))
            came.append(store.came(wanted.digest))
        thin.broken = False
        fetching(store).fetch(place(source, web))
    assert came == sorted(set(came))
    assert thin.ranges == ["", *(f"bytes={at}-" for at in starts(size, 3))]


def starts(size: int, breaks: int) -> list[int]:
    """Where the tries after each break begin: each brought half of what was missing."""
    at, found = 0, []
    for _ in range(breaks):
        at += (size - at) // 2
        found.append(at)
    return found


@pytest.mark.parametrize("answers", ["part", "whole", "beyond"])
def test_a_part_of_another_file_is_thrown_away_and_the_file_fetched_anew(
    store: Store, source: Path, thin: type[Thin], answers: str
) -> None:
    with served(source, thin) as web:
        with pytest.raises(Unavailable):
            fetching(store).fetch(place(source, web))
        (draft,) = left_over(store)
        half = store.folder / draft / MODEL
        # As long as it was, or longer than the file is.
        more = 1_000_000 if answers == "beyond" else 0
        half.write_bytes(bytes(half.stat().st_size + more))
        thin.broken, thin.answers = False, answers
        found = fetching(store).fetch(place(source, web))
    assert found.model.read_bytes() == (source / MODEL).read_bytes()
    assert thin.ranges[1].startswith("bytes=")
    assert thin.ranges[2] == ""


def test_what_is_wrong_from_its_first_byte_on_is_not_asked_for_twice(
    store: Store, source: Path, thin: type[Thin]
) -> None:
    digest = open_bundle(source).digest
    (source / MODEL).write_bytes(b"something else")
    thin.broken = False
    with served(source, thin) as web, pytest.raises(BundleError, match="sha256 is"):
        fetching(store).fetch(BundlePlace(web, digest))
    assert thin.ranges == [""]
    assert left_over(store) == []


@pytest.mark.parametrize("kind", ["path", "memory"])
def test_half_a_file_goes_on_from_folders_and_stores_too(
    store: Store, source: Path, kind: str
) -> None:
    expected = (source / MODEL).read_bytes()
    uri = str(source) if kind == "path" else "memory://half"
    if kind == "memory":
        in_memory(source, uri)
    read = reader_of(uri)
    for start in (0, 1, len(expected) - 1, len(expected), len(expected) + 5):
        assert b"".join(read(MODEL, start)) == expected[start:]
    wanted = place(source, uri)
    with store.drafting(wanted.digest, lambda _: False) as draft:
        assert draft is not None
        (draft / MODEL).write_bytes(expected[: len(expected) // 2])
    assert fetching(store).fetch(wanted).model.read_bytes() == expected


def test_a_stop_while_what_came_is_looked_at_keeps_it(store: Store, source: Path) -> None:
    wanted = place(source)
    with store.drafting(wanted.digest, lambda _: False) as draft:
        assert draft is not None
        shutil.copy(source / MODEL, draft)
    stopped = Fetching(store, anybody, lambda _: True, lambda: None)
    with pytest.raises(Stopped):
        stopped.fetch(wanted)
    assert store.came(wanted.digest) >= (source / MODEL).stat().st_size
    assert fetching(store).fetch(wanted) == store.find(wanted.digest, anybody)


class Away(Handler):
    """Leads elsewhere."""

    to = ""

    def do_GET(self) -> None:  # noqa: N802 - as the library calls it
        self.send_response(302)
        self.send_header("Location", self.to)
        self.end_headers()


@pytest.mark.parametrize("to", ["ftp://host/secret", "file:///etc/secret", "gopher://secret"])
def test_a_server_cannot_lead_elsewhere_than_to_the_web(
    store: Store, source: Path, to: str
) -> None:
    class There(Away):
        pass

    There.to = to
    with served(source, There) as web, pytest.raises(Fatal) as refused:
        fetching(store).fetch(place(source, web))
    assert "secret" not in str(refused.value)


def test_what_was_to_come_over_tls_does_not_come_without() -> None:
    handler, asked = _SameScheme(), Request("https://host/bundle.json")
    with pytest.raises(Fatal, match=r"leads to what is not https$"):
        handler.redirect_request(asked, BytesIO(), 302, "", HTTPMessage(), "http://host/secret")
    to = "https://other/bundle.json"
    followed = handler.redirect_request(asked, BytesIO(), 302, "", HTTPMessage(), to)
    assert followed is not None
    assert followed.full_url == to


def test_a_server_that_leads_in_a_circle_is_left(store: Store, source: Path) -> None:
    class There(Away):
        to = "/bundle.json"

    with served(source, There) as web, pytest.raises(Fatal, match="leads in a circle"):
        fetching(store).fetch(place(source, web))


def test_who_leads_to_a_server_that_has_it_is_followed_with_the_part_that_is_asked_for(
    store: Store, source: Path, thin: type[Thin]
) -> None:
    class There(Away):
        def do_GET(self) -> None:  # noqa: N802 - as the library calls it
            self.to = f"{other}{self.path}"
            super().do_GET()

    with served(source, thin) as other, served(source, There) as web:
        with pytest.raises(Unavailable):
            fetching(store).fetch(place(source, web))
        thin.broken = False
        assert fetching(store).fetch(place(source, web)).model.is_file()
    assert thin.ranges[1].startswith("bytes=")


def test_tries_without_a_byte_come_to_an_end_and_a_byte_is_a_new_beginning() -> None:
    retrying = Retrying()
    assert [retrying.failed(0) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert retrying.failed(5_000_000) == 1
    assert retrying.text() == f"try 1 of {MOST_TRIES}, 5.0 MB of it are here"
    assert all(retrying.failed(5_000_000) for _ in range(MOST_TRIES - 2))
    assert retrying.failed(5_000_000) is None
