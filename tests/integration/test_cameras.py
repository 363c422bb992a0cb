"""`yardlight-edge cameras` and `watch` beside a running service, as commands."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from edge.audit.report import CLEAN
from tests.integration.running import addresses, command, serving
from tests.integration.world import World, new_topics, pictures
from tests.models import LABELS, solid_jpeg, solid_pixels
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow


def cameras(world: World, log: Path, *source: str) -> str:
    """Run the command to its end; what it says on stdout."""
    with command(log, "edge.cli", "cameras", *addresses(world), *source) as sending:
        said, _ = sending.process.communicate(timeout=PATIENCE)
        assert sending.process.returncode == 0, sending.said()
    return said


def test_simulated_cameras_send_frames_with_their_truth(world: World, tmp_path: Path) -> None:
    words = ("--simulated", "3", "--size", "160x120", "--count", "30", "--rate", "50")
    said = cameras(world, tmp_path / "log", *words)
    assert said.startswith(f"30 frames to {world.topics.frames_topic}, ")
    frames = world.read(world.topics.frames_topic, 30)
    assert Counter(frame.key for frame in frames) == {f"gate-{n}".encode(): 10 for n in (1, 2, 3)}
    for frame in frames:
        headers = {name: value.decode() for name, value in frame.headers}
        assert headers["yardlight_truth"] in LABELS
        assert headers["ce_source"] == frame.key.decode()
        assert headers["ce_specversion"] == "1.0"
    assert len({dict(frame.headers)["ce_id"] for frame in frames}) == 30


def test_a_folder_of_pictures_is_classified(embedded_world: World, tmp_path: Path) -> None:
    for label in LABELS:
        (tmp_path / "in" / label).mkdir(parents=True)
        (tmp_path / "in" / label / "1.jpg").write_bytes(solid_jpeg(label))
    cameras(embedded_world, tmp_path / "log", "--folder", str(tmp_path / "in"), "--camera", "dock")
    with serving(embedded_world.settings):
        results = embedded_world.results(4)
    assert {seen.label for seen in results} == set(LABELS)
    assert {seen.camera for seen in results} == {"dock"}


def test_a_video_file_is_classified(embedded_world: World, tmp_path: Path) -> None:
    video = tmp_path / "yard.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for label in ("vehicle", "parcel"):
        for _ in range(5):
            writer.write(solid_pixels(label, 64, 48)[..., ::-1])
    writer.release()
    cameras(embedded_world, tmp_path / "log", "--video", str(video))
    with serving(embedded_world.settings):
        results = embedded_world.results(10)
    assert Counter(seen.label for seen in results) == {"vehicle": 5, "parcel": 5}
    assert embedded_world.audit().status("exactly-once") == CLEAN


def test_cameras_may_make_the_topics(embedded_world: World, tmp_path: Path) -> None:
    fresh = replace(embedded_world, topics=new_topics())
    words = ("--simulated", "1", "--size", "64x64", "--count", "2", "--rate", "50")
    cameras(fresh, tmp_path / "log", *words, "--create-topics")
    assert len(fresh.read(fresh.topics.frames_topic, 2)) == 2


def test_a_frame_that_the_topic_refuses_does_not_stop_the_camera(
    apache_world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(solid_jpeg("parcel"))
    (folder / "2.jpg").write_bytes(solid_jpeg("parcel") + bytes(20 << 20))
    (folder / "3.jpg").write_bytes(solid_jpeg("vehicle"))
    words = ("--folder", str(folder), *addresses(apache_world))
    with command(tmp_path / "log", "edge.cli", "cameras", *words) as sending:
        said, _ = sending.process.communicate(timeout=PATIENCE)
        assert sending.process.returncode == 1
    assert said.startswith("2 frames to ")
    assert "1 frames were refused" in sending.said()


@pytest.mark.parametrize("option", ["--folder", "--video"])
def test_a_source_that_is_not_there_is_named_before_anything_is_waited_for(
    tmp_path: Path, option: str
) -> None:
    missing = str(tmp_path / "none")
    words = ("cameras", option, missing, "--bootstrap-servers", "127.0.0.1:1")
    with command(tmp_path / "log", "edge.cli", *words) as refused:
        assert refused.ended() == 1
    assert missing in refused.said()


def test_watch_prints_classifications_for_machines(embedded_world: World, tmp_path: Path) -> None:
    embedded_world.send([])
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(solid_jpeg("parcel"))
    cameras(embedded_world, tmp_path / "log", "--folder", str(folder), "--camera", "dock")
    with serving(embedded_world.settings):
        embedded_world.results(1)
    words = (*addresses(embedded_world), "--results-topic", embedded_world.topics.results_topic)
    with command(tmp_path / "watch.log", "edge.cli", "watch", *words, "--from-start") as watching:
        seen = json.loads(watching.line())
        assert (seen["camera"], seen["label"]) == ("dock", "parcel")


@pytest.mark.parametrize("more", [(), ("--from-start",)])
def test_watch_waits_for_its_topic_and_says_so(
    world: World, tmp_path: Path, more: tuple[str, ...]
) -> None:
    fresh = replace(world, topics=new_topics())
    results = fresh.topics.results_topic
    words = (*addresses(fresh), "--results-topic", results, *more)
    with command(tmp_path / "watch.log", "edge.cli", "watch", *words) as watching:
        watching.wait_for("waiting for the topic")
        assert results in watching.said()
        fresh.create_topics()
        fresh.send(pictures(1))
        with serving(fresh.settings):
            fresh.results(1)
            assert json.loads(watching.line())["camera"] == "gate-0"
    assert "Traceback" not in watching.said()
