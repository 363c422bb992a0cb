"""NVIDIA's real builder, on a machine without a GPU: TensorRT for RTX compiles there too."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from deploy.build.nvidia.builder import MIB, Cancelled, Options, build_plan
from deploy.build.variant import network_of
from deploy.bundle.command import DONE
from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import Bundle, open_bundle
from deploy.engines import nvidia, tensorrt
from deploy.engines.protocol import Precision
from tests.loudly import skip_loudly
from tests.unit.deploying import deploy

OPTIONS = Options(max_batch=4, workspace=256 * MIB)


@pytest.fixture(autouse=True)
def _library(request: pytest.FixtureRequest) -> None:
    if sys.platform != "linux":
        skip_loudly(request.config, "TensorRT for RTX is for Linux here")
    try:
        nvidia.use("tensorrt-rtx")
    except Fatal as absent:
        skip_loudly(request.config, f"NVIDIA's builder is not tested: {absent}")


@pytest.fixture
def bundle(tiny_bundle: Path) -> Bundle:
    return open_bundle(tiny_bundle)


def silent(_: str) -> None:
    """Nobody listens."""


def plan(bundle: Bundle, onnx: bytes, options: Options = OPTIONS) -> bytes:
    size = bundle.manifest.input
    steps = lambda *_: None  # noqa: E731 - nobody looks
    made = build_plan(onnx, size, options, tell=silent, on_step=steps, cancelled=Event())
    return made.network


@pytest.mark.parametrize("precision", ["fp32", "fp16", "bf16"])
def test_a_network_of_each_precision_is_built_without_a_gpu(
    bundle: Bundle, precision: Precision
) -> None:
    assert plan(bundle, network_of(bundle, "tensorrt-rtx", precision))


def test_progress_is_told_with_phases_that_end(bundle: Bundle) -> None:
    seen: list[tuple[str, int, int]] = []
    build_plan(
        bundle.model.read_bytes(),
        bundle.manifest.input,
        OPTIONS,
        tell=silent,
        on_step=lambda *step: seen.append(step),
        cancelled=Event(),
    )
    assert any(phase == "Building engine" and done == total for phase, done, total in seen)


def test_a_build_that_is_cancelled_gives_up(bundle: Bundle) -> None:
    cancelled = Event()
    with pytest.raises(Cancelled):
        build_plan(
            bundle.model.read_bytes(),
            bundle.manifest.input,
            OPTIONS,
            tell=silent,
            on_step=lambda *_: cancelled.set(),
            cancelled=cancelled,
        )


def test_an_onnx_that_the_parser_refuses_is_told_with_its_reason(bundle: Bundle) -> None:
    with pytest.raises(Fatal, match=r"the ONNX parser of version .* refuses the network"):
        plan(bundle, b"no network")


def test_a_workspace_without_room_is_refused_with_what_is_enough(bundle: Bundle) -> None:
    with pytest.raises(Fatal, match="give --workspace 16 or more"):
        plan(bundle, bundle.model.read_bytes(), replace(OPTIONS, workspace=MIB))


def test_an_accelerator_that_is_not_there_is_refused(bundle: Bundle) -> None:
    with pytest.raises(Fatal, match="no deep learning accelerator"):
        plan(bundle, bundle.model.read_bytes(), replace(OPTIONS, dla=True))


def test_a_plan_without_its_gpu_is_one_sentence(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / tensorrt.PLAN).write_bytes(plan(bundle, bundle.model.read_bytes())[:-100])
    with pytest.raises(Fatal, match="or it is cut short"):
        tensorrt.load(bundle, tmp_path, "tensorrt-rtx")


def test_compile_only_makes_no_engine_and_says_so(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("build", tiny_bundle, "--engine", "tensorrt-rtx", "--into", tmp_path)
    assert deploy(*asked, "--compile-only") == DONE
    out, err = capsys.readouterr()
    assert (Path(out.strip()) / tensorrt.PLAN).is_file()
    assert re.search(r"compiled in \d+\.\d\d s, not proven", err)
    assert list(tmp_path.rglob("engine.json")) == []
