"""`yardlight-train label`: the page's server, asked as the page asks it."""

import json
import os
import stat
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.bundle.annotation import Annotation, read_annotation, write_annotation
from deploy.bundle.command import run_command_line
from deploy.importing.importer import import_model
from tests.models import SPEC, write_network
from tests.pictures import write_picture
from trainer.cli import app
from trainer.collection.folder import read_data_set
from trainer.labelling.answers import ANSWERS, Answers
from trainer.labelling.queue import left_alone, questions
from trainer.labelling.server import LabelServer, token_of
from trainer.labelling.session import Session

LABELS = ["cat", "dog"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for number in range(4):
        write_picture(tmp_path / "data/unlabelled/train" / f"{number}.jpg", number)
    return tmp_path / "data"


class Page:
    """The requests of the page."""

    def __init__(self, server: LabelServer) -> None:
        self.address = f"http://127.0.0.1:{server.server_port}"
        self.headers = {"X-Token": server.token}

    def get(self, path: str, **headers: str) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own server
            self.address + path, headers=self.headers | headers
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.read(), answer.headers

    def post(self, path: str, body: object) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own server
            self.address + path, json.dumps(body).encode(), self.headers
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read())

    def next(self) -> Any:
        return json.loads(self.get("/next")[0])

    def answer(self, label: str) -> Any:
        return self.post("/answer", {"path": self.next()["picture"]["path"], "label": label})


@contextmanager
def serving(data: Path) -> Iterator[Page]:
    answers = Answers(data)
    answers.open()
    found = read_data_set(data)
    waiting = questions(found, None, None, 1, lambda _, entries, __: iter(entries))
    session = Session.of(found, LABELS, answers, waiting)
    with LabelServer(session, token_of(data), 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield Page(server)
        finally:
            server.shutdown()
            thread.join()


def paths_of(data: Path) -> list[str]:
    return [entry.path for entry in read_data_set(data).entries]


def test_an_answer_moves_the_picture_and_says_that_a_person_gave_it(data: Path) -> None:
    with serving(data) as page:
        state = page.answer("dog")
    assert (state["answered"], state["left"]) == (1, 3)
    assert "train/dog/0.jpg" in paths_of(data)
    known = read_annotation(data / "train/dog/0.jpg")
    assert known is not None
    assert (known.labels, known.by) == (("dog",), "person")


def test_after_a_restart_it_goes_on_where_it_was(data: Path) -> None:
    with serving(data) as page:
        page.answer("dog")
    with serving(data) as page:
        state = page.next()
    assert (state["answered"], state["left"]) == (1, 3)


def test_an_answer_that_was_written_but_not_done_is_done_by_the_next_server(data: Path) -> None:
    line = {"was": "unlabelled/train/0.jpg", "now": "train/cat/0.jpg", "label": "cat"}
    text = json.dumps(line | {"before": None}) + "\n"
    (data / ANSWERS).write_text(text + '{"was": "unlab', encoding="utf-8")  # a power cut
    with serving(data) as page:
        assert page.next()["answered"] == 1
    assert "train/cat/0.jpg" in paths_of(data)
    assert (data / ANSWERS).read_text("utf-8") == text


def test_an_answer_that_comes_twice_counts_once(data: Path) -> None:
    with serving(data) as page:
        first = page.next()["picture"]["path"]
        for _ in range(2):
            state = page.post("/answer", {"path": first, "label": "cat"})
    assert (state["answered"], state["left"]) == (1, 3)


def test_undo_brings_the_picture_back_as_it_was(data: Path) -> None:
    picture = data / "unlabelled/train/0.jpg"
    before = Annotation((), disagree=("cat", "dog"), source="gate-1")
    write_annotation(picture, before)
    with serving(data) as page:
        page.answer("cat")
        state = page.post("/undo", {})
        assert state["picture"]["path"] == "unlabelled/train/0.jpg"
        assert state["answered"] == 0
    assert read_annotation(picture) == before
    assert not (data / "train/cat/0.jpg").exists()


def test_a_picture_of_several_labels_never_waits_for_one(data: Path) -> None:
    several = Annotation(("cat", "dog"), "annotation", "gate-1")
    for place in ("train/cat", "unlabelled/train"):
        picture = write_picture(data / place / "both.jpg", 7)
        write_annotation(picture, several)
    with serving(data) as page:
        while "picture" in page.next():
            page.answer("dog")
    found = read_data_set(data)
    assert left_alone(found) == 2
    kept = [entry.path for entry in found.entries if entry.name == "both.jpg"]
    assert kept == ["train/cat/both.jpg", "unlabelled/train/both.jpg"]
    assert all(read_annotation(data / path) == several for path in kept)


def test_what_a_person_said_or_said_once_is_not_counted_as_left_alone(data: Path) -> None:
    write_annotation(data / "unlabelled/train/0.jpg", Annotation(("cat", "dog"), "person"))
    write_annotation(data / "unlabelled/train/1.jpg", Annotation(("cat", "cat"), "service"))
    assert left_alone(read_data_set(data)) == 0
    with serving(data) as page:
        assert page.next()["left"] == 3


def test_what_is_skipped_comes_again_at_the_end(data: Path) -> None:
    with serving(data) as page:
        page.post("/skip", {"path": page.next()["picture"]["path"]})
        order = [page.answer("cat").get("picture", {}).get("path") for _ in range(4)]
    assert order == [f"unlabelled/train/{number}.jpg" for number in (2, 3, 0)] + [None]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/next", {"X-Token": "wrong"}),
        ("/?token=wrong", {"X-Token": ""}),
        ("/next", {"Host": "evil.example"}),
        ("/label.js", {"Host": "evil.example"}),
    ],
)
def test_who_does_not_know_the_token_or_comes_by_another_name_is_refused(
    data: Path, path: str, headers: dict[str, str]
) -> None:
    with serving(data) as page:
        with pytest.raises(urllib.error.HTTPError) as caught:
            page.get(path, **headers)
        caught.value.close()
    assert caught.value.code == 403


@pytest.mark.parametrize("path", ["answers.jsonl", "../secret.jpg", "/etc/passwd", "train/cat"])
def test_only_pictures_that_wait_are_shown(data: Path, path: str) -> None:
    write_picture(data.parent / "secret.jpg", 9)
    (data / ANSWERS).touch()
    with serving(data) as page:
        with pytest.raises(urllib.error.HTTPError) as caught:
            page.get(f"/picture?path={urllib.parse.quote(path)}")
        caught.value.close()
        shown, headers = page.get("/picture?path=unlabelled/train/0.jpg")
    assert caught.value.code == 404
    assert shown == (data / "unlabelled/train/0.jpg").read_bytes()
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_a_label_that_is_none_of_the_choices_is_refused(data: Path) -> None:
    with serving(data) as page:
        with pytest.raises(urllib.error.HTTPError) as caught:
            page.answer("../../etc")
        caught.value.close()
        assert page.next()["left"] == 4


def test_a_bundle_whose_labels_are_no_names_of_folders_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its answer would put the picture where no label is: out of the data set."""
    write_network(tmp_path / "model.onnx")
    spec = replace(SPEC, labels=("..", *SPEC.labels[1:]))
    made = import_model(tmp_path / "model.onnx", spec, tmp_path / "bundle")
    words = ["label", "--data", str(data), "--bundle", str(made.folder), "--port", "0"]
    assert run_command_line(app, words) == 1
    assert capsys.readouterr().err == "error: label '..' cannot be the name of a folder\n"


def test_a_full_disk_keeps_the_picture_where_it_is(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with serving(data) as page:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(urllib.error.HTTPError) as caught:
            page.answer("cat")
        assert b"No space left" in caught.value.read()
        caught.value.close()
        monkeypatch.undo()
        assert page.next()["left"] == 4
        assert page.answer("cat")["answered"] == 1


def test_the_token_is_for_its_owner_only_and_stays(data: Path) -> None:
    assert token_of(data) == token_of(data)
    assert stat.S_IMODE((data / ".label-token").stat().st_mode) == 0o600
