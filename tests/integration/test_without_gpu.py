"""A node without the GPU that its engine needs says so, and what it can do meanwhile it does."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from deploy.engines.cuda import gpu_name
from tests.integration.running import get, member
from tests.integration.world import World, pictures

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(gpu_name() != "no NVIDIA GPU", reason="there is a GPU here"),
]
needs_rtx = pytest.mark.skipif(
    not find_spec("tensorrt_rtx_bindings"), reason="needs the extra 'rtx'"
)


@pytest.fixture
def fresh(embedded_world: World, tmp_path: Path) -> World:
    """A world without any engine."""
    return replace(embedded_world, engine_cache=tmp_path / "engines")


@needs_rtx
def test_it_serves_with_the_reference_and_says_that_there_is_no_gpu(
    fresh: World, tmp_path: Path
) -> None:
    with member(fresh, tmp_path / "log", "--engine", "tensorrt-rtx") as node:
        node.wait_for("the engine that runs goes on")
        node.ready()
        status, said = get(f"{node.url}/health/startup")
        assert status == 200
        assert "engine tensorrt-rtx fp32 is missing: " in said
        assert "NVIDIA" in said
        fresh.send(pictures(8))
        assert {it.engine.kind for it in fresh.results(8)} == {"onnxruntime"}
        assert node.stop() == 0


@needs_rtx
def test_where_it_is_to_wait_for_the_engine_it_ends_with_a_sentence(
    fresh: World, tmp_path: Path
) -> None:
    words = ("--engine", "tensorrt-rtx", "--engine-rebuild", "wait")
    with member(fresh, tmp_path / "log", *words) as node:
        assert node.ended() == 1
    (error,) = [line for line in node.said().splitlines() if line.startswith("error: ")]
    assert "NVIDIA" in error


@pytest.mark.skipif(bool(find_spec("tensorrt")), reason="TensorRT is installed here")
def test_without_its_library_it_ends_with_what_to_install(fresh: World, tmp_path: Path) -> None:
    with member(fresh, tmp_path / "log", "--engine", "tensorrt") as node:
        assert node.ended() == 1
    assert "error: tensorrt is not installed: pip install 'yardlight[gpu]'" in node.said()
