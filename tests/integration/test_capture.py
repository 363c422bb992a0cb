"""`yardlight-edge capture`: frames of a running service into a private folder."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from deploy.bundle.annotation import read_annotation
from tests.integration.running import ended, serving
from tests.integration.world import Sent, World
from tests.models import LABELS, solid_jpeg

pytestmark = pytest.mark.slow


def captured(world: World, folder: Path, *words: str) -> Any:
    """What the command said when it was done."""
    done = ended(world, "capture", "--to", str(folder), "--from-start", "--json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def classified(world: World, frames: list[Sent]) -> None:
    world.send(frames)
    with serving(world.settings):
        world.results(len(frames))


def pictures(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.jpg"))


def frames_of(*cameras: str) -> list[Sent]:
    """One frame of each label from each camera."""
    return [Sent(solid_jpeg(label), key=camera.encode()) for label in LABELS for camera in cameras]


def test_frames_are_kept_with_what_the_service_said(embedded_world: World, tmp_path: Path) -> None:
    classified(embedded_world, frames_of("gate-1", "gate-2"))
    counts = captured(embedded_world, tmp_path / "kept", "--count", "8")
    assert counts["kept"] == 8
    found = [read_annotation(path) for path in pictures(tmp_path / "kept" / "gate-1")]
    assert {one.labels[0] for one in found if one is not None} == set(LABELS)
    for one in found:
        assert one is not None
        assert one.said is not None
        assert (one.by, one.camera, one.said.label) == ("service", "gate-1", one.labels[0])
        assert one.taken_at is not None


def test_only_its_owner_may_look(embedded_world: World, tmp_path: Path) -> None:
    classified(embedded_world, frames_of("../../gate 1"))
    captured(embedded_world, tmp_path / "kept", "--count", "4")
    assert len(list((tmp_path / "kept").iterdir())) == 1
    for path in [tmp_path / "kept", *(tmp_path / "kept").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    (tmp_path / "open").mkdir(mode=0o755)
    done = ended(embedded_world, "capture", "--to", str(tmp_path / "open"))
    assert done.returncode == 1
    assert "chmod 700" in done.stderr


def test_repetitions_are_not_kept(embedded_world: World, tmp_path: Path) -> None:
    same = [Sent(solid_jpeg("parcel"), partition=0) for _ in range(5)]
    classified(embedded_world, [*same, Sent(solid_jpeg("vehicle"), partition=0)])
    counts = captured(embedded_world, tmp_path / "kept", "--count", "2")
    assert (counts["kept"], counts["repeated"]) == (2, 4)


def test_uncertain_waits_for_what_the_service_says(embedded_world: World, tmp_path: Path) -> None:
    classified(embedded_world, frames_of("gate-1"))
    words = ("--uncertain", "--margin", "1", "--count", "4")
    assert captured(embedded_world, tmp_path / "kept", *words)["kept"] == 4


def test_a_frame_of_which_nothing_is_said_is_kept_without(
    embedded_world: World, tmp_path: Path
) -> None:
    embedded_world.send(frames_of("gate-1"))
    counts = captured(embedded_world, tmp_path / "kept", "--wait", "0.1", "--count", "4")
    assert counts["kept"] == 4
    found = [read_annotation(path) for path in pictures(tmp_path / "kept")]
    assert [one.labels for one in found if one is not None] == [()] * 4
