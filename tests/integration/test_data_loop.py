"""The loop from operation back to training, as docs/tutorial-data.md walks it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

from deploy.bundle.annotation import read_annotation
from deploy.bundle.command import run_command_line
from deploy.bundle.manifest import open_bundle
from tests.integration.running import addresses, ended, serving
from tests.integration.world import World
from trainer.cli import app
from trainer.collection.folder import read_data_set
from trainer.labelling.answers import Answers
from trainer.labelling.queue import questions
from trainer.labelling.session import Session

pytestmark = pytest.mark.slow
FRAMES = 24


def typed(*words: str | Path) -> int:
    return run_command_line(app, [str(word) for word in words])


def test_captured_frames_become_a_bundle(embedded_world: World, tmp_path: Path) -> None:
    simulated = ("cameras", "--simulated", "4", "--size", "160x120", "--rate", "50")
    with serving(embedded_world.settings):
        sent = ended_cameras(embedded_world, *simulated, "--count", str(FRAMES))
        assert sent.startswith(f"{FRAMES} frames to ")
        embedded_world.results(FRAMES)
    kept, data = tmp_path / "kept", tmp_path / "data"
    words = ("--to", str(kept), "--from-start", "--unlike", "0", "--count", str(FRAMES))
    done = ended(embedded_world, "capture", *words)
    assert done.returncode == 0, done.stderr

    assert typed("ingest", kept, "--out", data, "--neighbours", "0", "--val", "0.4") == 0
    found = read_data_set(data)
    known = [read_annotation(data / entry.path) for entry in found.entries]
    assert {one.by for one in known if one is not None} == {"service"}

    label_in_turn(data)
    counts = [(entry.split, entry.label) for entry in read_data_set(data).entries]
    assert {label for _, label in counts} == {"left", "right"}

    out = tmp_path / "better"
    quick = ("--size", "32", "--batch", "4", "--epochs", "1", "--threads", "1", "--golden", "drawn")
    assert typed("fit", "--data", data, "--out", out, *quick) == 0
    bundle = open_bundle(out)
    assert bundle.manifest.labels == ("left", "right")
    assert bundle.manifest.provenance["data"]["train"].keys() == {"left", "right"}


def ended_cameras(world: World, *words: str) -> str:
    command = [sys.executable, "-m", "edge.cli", *words, *addresses(world)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout


def label_in_turn(data: Path) -> None:
    """A person who calls every other picture of each split `left`."""
    found, answers = read_data_set(data), Answers(data)
    answers.open()
    waiting = questions(found, None, None, 1, lambda _, entries, __: iter(entries))
    session = Session.of(found, ("left", "right"), answers, waiting)
    turns: dict[str, int] = {}
    while "picture" in (state := session.next()):
        path = state["picture"]["path"]
        split = next(entry.split for entry in found.entries if entry.path == path)
        turns[split] = turns.get(split, 0) + 1
        session.answer(path, ("left", "right")[turns[split] % 2])
