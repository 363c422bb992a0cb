"""NVIDIA's real builder, on a machine without a GPU: TensorRT for RTX compiles there too."""

import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from deploy.build.nvidia.builder import MIB, Cancelled, Options, build_plan
from deploy.build.variant import network_of
from deploy.bundle.command import DONE
from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import MODEL, Bundle, open_bundle, sha256_of
from deploy.bundle.start import INTERRUPTED, own_program
from deploy.engines import nvidia, tensorrt
from deploy.engines.kinds import Precision
from tests.loudly import skip_loudly
from tests.unit.deploying import deploy, spoil

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


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its own, of these calls
def test_timings_that_rtx_wrote_it_does_not_read_back(bundle: Bundle) -> None:
    """Once it does, `compile_plan` should keep them for it too."""
    said: list[str] = []

    def build(timings: bytes) -> bytes:
        onnx, size = bundle.model.read_bytes(), bundle.manifest.input
        steps = lambda *_: None  # noqa: E731 - nobody looks
        made = build_plan(
            onnx,
            size,
            OPTIONS,
            timings=timings,
            tell=said.append,
            on_step=steps,
            cancelled=Event(),
        )
        return made.timings

    build(build(b""))
    assert any("Failed to deserialize timing cache" in line for line in said)


def test_ctrl_c_cancels_a_build_and_leaves_nothing_behind(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    bundle, into = tmp_path / "bundle", tmp_path / "engines"
    shutil.copytree(tiny_bundle, bundle)
    _make_deep(bundle)
    words = (
        "build",
        str(bundle),
        "--engine",
        "tensorrt-rtx",
        "--compile-only",
        "--into",
        str(into),
    )
    with subprocess.Popen(
        [*own_program("deploy.cli"), *words], stderr=subprocess.PIPE, text=True
    ) as build:
        assert build.stderr is not None
        assert any(line.startswith("phase: ") for line in build.stderr), "it told no phase"
        build.send_signal(signal.SIGINT)
        said = build.stderr.read()
    assert build.returncode == INTERRUPTED
    assert said.endswith("interrupted\n")
    assert "Traceback" not in said
    assert [path.name for path in into.rglob("*")] == []


def _make_deep(folder: Path) -> None:
    """Put convolutions before the network, so that there is time to interrupt its build."""
    onnx = pytest.importorskip("onnx", reason="needs the extra 'deploy'")
    model = onnx.load(folder / MODEL)
    graph, at = model.graph, "network/image"
    place = next(n for n, node in enumerate(graph.node) if at in node.input)
    channels = (3, *(256,) * 12, 3)
    for number, (taken, given) in enumerate(pairwise(channels)):
        weights = np.full((given, taken, 3, 3), 1e-3, np.float32)
        graph.initializer.append(onnx.numpy_helper.from_array(weights, f"deep/{number}/weights"))
        inputs, output = [at, f"deep/{number}/weights"], f"deep/{number}"
        node = onnx.helper.make_node("Conv", inputs, [output], pads=[1, 1, 1, 1])
        graph.node.insert(place + number, node)
        at = output
    graph.node[place + len(channels) - 1].input[0] = at
    onnx.save(model, folder / MODEL)
    digest = sha256_of(folder / MODEL)
    spoil(folder, lambda document: document["files"].update({MODEL: digest}))
