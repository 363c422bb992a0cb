"""An engine that is missing is built while another serves, and takes over with no frame lost."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.bundle.manifest import open_bundle
from deploy.engines.owned import make_owned
from deploy.engines.record import RECORD, read_record
from edge.audit.report import CLEAN
from edge.settings.engine import EngineSettings
from edge.shelf import Shelf
from tests.integration.running import get, member
from tests.integration.world import World, pictures

pytestmark = pytest.mark.slow

SWITCHED = "the engine that was built has taken over"


@pytest.fixture
def fresh(embedded_world: World, tmp_path: Path) -> World:
    """A world without any engine."""
    pytest.importorskip("openvino", reason="needs the extra 'cpu'")
    return replace(embedded_world, engine_cache=tmp_path / "engines")


def cache_of(world: World) -> Path:
    """Where its engines are built."""
    settings = EngineSettings(engine_cache=world.engine_cache)
    return Shelf(open_bundle(world.bundle), settings).cache


@contextmanager
def building_held_up(cache: Path) -> Iterator[None]:
    """Builders wait, as they do while another process builds the same."""
    make_owned(cache)
    with (cache / ".lock").open("w") as lock:
        (cache / ".lock").chmod(0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_the_reference_serves_until_the_engine_is_built_and_no_frame_is_lost(
    fresh: World, tmp_path: Path
) -> None:
    with member(fresh, tmp_path / "log", "--engine", "openvino") as running:
        with building_held_up(cache_of(fresh)):
            running.ready()
            status, said = get(f"{running.url}/health/startup")
            assert status == 200
            assert said.startswith("running; building engine openvino fp32 meanwhile: ")
            fresh.send(pictures(40))
            before = fresh.results(40)
        fresh.send(pictures(200))
        running.wait_for(SWITCHED)
        fresh.send(pictures(40))
        results = fresh.results(280)
        assert get(f"{running.url}/health/startup") == (200, "running\n")
        _, page = get(f"{running.url}/metrics")
        assert 'kind="openvino"' in page
        assert running.stop() == 0
    assert {it.engine.kind for it in before} == {"onnxruntime"}
    frames = [(it.frame.partition, it.frame.offset) for it in results]
    assert len(set(frames)) == len(frames) == 280
    assert fresh.audit().status("exactly-once") == CLEAN
    (record,) = cache_of(fresh).glob(f"*/{RECORD}")
    newest = {max(it.frame.offset for it in results if it.frame.partition == 0)}
    last = [it for it in results if it.frame.partition == 0 and it.frame.offset in newest]
    assert [it.engine.digest for it in last] == [read_record(record.parent).digest]


def test_an_engine_that_fits_serves_rather_than_the_reference(fresh: World, tmp_path: Path) -> None:
    words = ("--engine", "openvino", "--engine-rebuild", "wait")
    with member(fresh, tmp_path / "first", *words, "--max-batch", "2") as first:
        first.ready()
        assert first.stop() == 0
    assert "serving with" not in first.said()
    with (
        building_held_up(cache_of(fresh)),
        member(fresh, tmp_path / "log", "--engine", "openvino") as running,
    ):
        running.ready()
        assert running.has_said("serving with an engine that fits")
        assert running.stop() == 0


def test_a_build_that_fails_leaves_the_service_as_it_is(fresh: World, tmp_path: Path) -> None:
    # As on a disk that is full: the builder cannot put its first file there.
    cache = cache_of(fresh)
    make_owned(cache)
    (cache / ".lock").mkdir(mode=0o700)
    with member(fresh, tmp_path / "log", "--engine", "openvino") as running:
        running.wait_for("the engine that runs goes on")
        running.ready()
        status, said = get(f"{running.url}/health/startup")
        assert status == 200
        assert (
            f"engine openvino fp32 is missing: the engine could not be built into {cache}: " in said
        )
        assert ".lock: Is a directory" in said
        fresh.send(pictures(8))
        assert len(fresh.results(8)) == 8
        assert running.stop() == 0


def test_a_stop_in_the_middle_of_a_build_leaves_nothing_half_written(
    fresh: World, tmp_path: Path
) -> None:
    with (
        building_held_up(cache_of(fresh)),
        member(fresh, tmp_path / "log", "--engine", "openvino") as running,
    ):
        running.ready()
        assert running.stop() == 0, running.said()
    assert not list(cache_of(fresh).glob(f"*/{RECORD}"))


def test_a_cache_that_others_can_write_is_refused(fresh: World, tmp_path: Path) -> None:
    make_owned(fresh.engine_cache)
    fresh.engine_cache.chmod(0o777)
    words = ("--engine", "openvino", "--engine-rebuild", "wait")
    with member(fresh, tmp_path / "log", *words) as refused:
        assert refused.ended() == 1
    assert f"error: {fresh.engine_cache} can be written by others (drwxrwxrwx)" in refused.said()
