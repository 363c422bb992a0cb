"""What Yardlight asks of TensorRT, run whole against a fake of each version made of its own types:
calls, arguments, enums and attributes that the version does not have end the test.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploy.bench.child import load, memory, run, warm_up
from deploy.build.engine import TIMINGS, BuildSpec, build_engine
from deploy.build.nvidia.builder import MIB, Options
from deploy.bundle.errors import Fatal, Unavailable
from deploy.bundle.manifest import Bundle, open_bundle
from deploy.bundle.reference import INPUT
from deploy.certify.verify import verify_engine
from deploy.engines import catalogue
from deploy.engines.gpu import graphs
from deploy.engines.gpu.layout import lay_out
from deploy.engines.kinds import Precision
from deploy.engines.nvidia_network import TensorRtNetwork
from deploy.engines.protocol import TimedSession
from deploy.engines.record import RECORD
from deploy.engines.tensorrt import PLAN, TensorRtEngine
from tests.loudly import NotHere, skip_loudly
from tests.tensorrt import fake_cuda
from tests.tensorrt.simulation import Machine
from tests.tensorrt.standin import installed
from tests.tensorrt.versions import VERSIONS

MAX_BATCH = 2
PIXELS = np.random.default_rng(3).integers(0, 256, (MAX_BATCH, 32, 32, 3), np.uint8)


@pytest.fixture(scope="module", params=[one.version for one in VERSIONS])
def version(request: pytest.FixtureRequest) -> str:
    given: str = request.param
    return given


@pytest.fixture
def machine(version: str, request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A machine with TensorRT, and nothing on its GPU."""
    try:
        with installed(version) as pretended:
            yield pretended
    except NotHere as reason:
        skip_loudly(request.config, str(reason))
    assert fake_cuda.depth() == 0, "a context was left on the stack: the thread's end would abort"


@pytest.fixture
def bundle(tiny_bundle: Path) -> Bundle:
    return open_bundle(tiny_bundle)


def built(bundle: Bundle, into: Path, said: list[str] | None = None, **options: Any) -> Path:
    precision: Precision = options.pop("precision", "fp32")
    asked = Options(MAX_BATCH, workspace=64 * MIB, **options)
    spec = BuildSpec("tensorrt", precision, MAX_BATCH, builder=asked)
    heard: list[str] = [] if said is None else said
    return build_engine(bundle, spec, into, heard.append)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_an_engine_of_each_precision_is_built_proven_and_proven_again(
    machine: Machine, bundle: Bundle, tmp_path: Path, precision: Precision
) -> None:
    folder = built(bundle, tmp_path, precision=precision)
    assert verify_engine(bundle, folder).certificate.passed
    (config,) = machine.configs
    assert config["profiles"] == [{INPUT: [[1, 32, 32, 3], [2, 32, 32, 3], [2, 32, 32, 3]]}]
    assert config["pools"] == {"WORKSPACE": 64 * MIB}
    assert config["cleared"] == ["TF32"]


def test_an_accelerator_that_takes_full_batches_only_gives_the_same_for_fewer_frames(
    machine: Machine, bundle: Bundle, tmp_path: Path
) -> None:
    machine.dla_cores = 1
    folder = built(bundle, tmp_path, refit=True, version_compatible=True, dla=True)
    (config,) = machine.configs
    assert config["asked"] == ["REFIT", "VERSION_COMPATIBLE", "GPU_FALLBACK"]
    assert config["profiles"][0][INPUT][0] == [MAX_BATCH, 32, 32, 3]
    assert config["DLA_core"] == 0
    session = catalogue.load(bundle, folder, "tensorrt", "fp32").session()
    np.testing.assert_array_equal(session.run(PIXELS[:1]), session.run(PIXELS)[:1])


def test_what_was_learnt_about_kernels_is_there_for_the_next_build(
    machine: Machine, bundle: Bundle, tmp_path: Path
) -> None:
    built(bundle, tmp_path)
    learnt = (tmp_path / TIMINGS).read_bytes()
    built(bundle, tmp_path)
    assert [config["timings"] for config in machine.configs] == [b"", learnt]


@pytest.mark.usefixtures("machine")
def test_timings_of_another_version_hinder_no_build(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / TIMINGS).write_bytes(b"timings of another version")
    assert (built(bundle, tmp_path) / RECORD).is_file()


def test_the_builder_is_heard_and_its_reason_for_refusing_told(
    machine: Machine, bundle: Bundle, tmp_path: Path
) -> None:
    said: list[str] = []
    machine.warned, machine.refused = "tactics are few", "no implementation for node /stem/conv"
    with pytest.raises(Fatal, match=r"cannot build the network: no implementation for node /stem"):
        built(bundle, tmp_path, said)
    assert "builder: tactics are few" in said
    assert list(tmp_path.rglob(RECORD)) == []


def test_a_plan_that_is_cut_short_or_of_another_gpu_is_refused_in_one_sentence(
    machine: Machine, bundle: Bundle, tmp_path: Path
) -> None:
    folder = built(bundle, tmp_path)
    machine.gpu = "Another 9.0"
    with pytest.raises(Fatal, match="made for another GPU or version, or it is cut short"):
        catalogue.load(bundle, folder, "tensorrt", "fp32")
    machine.gpu = "Pretended 8.7"
    (folder / PLAN).write_bytes((folder / PLAN).read_bytes()[:-1])
    with pytest.raises(Fatal, match="or it is cut short"):
        catalogue.load(bundle, folder, "tensorrt", "fp32")


@pytest.mark.usefixtures("machine")
def test_a_record_of_another_gpu_names_both(bundle: Bundle, tmp_path: Path) -> None:
    folder = built(bundle, tmp_path)
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    record["fingerprint"]["device"] = "Orin 8.7"
    (folder / RECORD).write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(Fatal, match=r"built for device 'Orin 8\.7', here it is 'Pretended 8\.7'"):
        verify_engine(bundle, folder)


@pytest.mark.usefixtures("machine")
def test_a_gpu_without_room_for_the_buffers_may_have_it_later(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = catalogue.load(bundle, built(bundle, tmp_path), "tensorrt", "fp32")
    monkeypatch.setattr(fake_cuda, "mem_get_info", lambda: (0, 1))
    with pytest.raises(Unavailable, match=r"the GPU has no \d+ bytes left"):
        engine.session()


class _Recorded:
    """A run that was asked for once, as recording does."""

    def __init__(self, _: Any, ask: Callable[[], None]) -> None:
        ask()

    def close(self) -> None:
        """Nothing was taken for it."""


@pytest.mark.usefixtures("machine")
def test_where_batches_are_smaller_no_recorded_run_reaches_beyond_their_memory(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = catalogue.load(bundle, built(bundle, tmp_path), "tensorrt", "fp32")
    room = lay_out(1, bundle.manifest.input, len(bundle.manifest.labels)).size
    monkeypatch.setattr(fake_cuda, "mem_get_info", lambda: (room, room))
    monkeypatch.setattr(graphs, "available", lambda: True)
    monkeypatch.setattr(graphs, "record", _Recorded)
    assert isinstance(engine, TensorRtEngine)
    engine.session()
    (lane,) = engine.lanes
    assert isinstance(lane.network, TensorRtNetwork)
    assert (lane.places, [*lane.network.graphs]) == (1, [1])


@pytest.mark.usefixtures("machine")
def test_a_timed_run_tells_copies_and_computation_apart(bundle: Bundle, tmp_path: Path) -> None:
    session = catalogue.load(bundle, built(bundle, tmp_path), "tensorrt", "fp32").session()
    assert isinstance(session, TimedSession)
    timed = session.run_timed(PIXELS)
    assert timed.stages is not None
    assert min(timed.stages.copy_in, timed.stages.compute, timed.stages.copy_out) > 0
    assert timed.seconds > 0


@pytest.mark.usefixtures("machine")
def test_the_memory_of_an_engine_is_that_of_its_buffers(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.bench.child._held", [])
    folder = built(bundle, tmp_path)
    load(bundle.folder, folder, "tensorrt", "fp32")
    warm_up((32, 32), [1, 2])
    assert run((32, 32), 2, 0.0)[0].stages is not None
    layout = lay_out(MAX_BATCH, bundle.manifest.input, len(bundle.manifest.labels))
    assert memory().device == layout.size


# What the fake is worth


@pytest.fixture
def library(machine: Machine) -> Any:  # noqa: ARG001 - without it there is no such module
    import tensorrt

    return tensorrt


def test_what_a_version_does_not_have_is_refused(library: Any) -> None:
    class Logger(library.ILogger):  # type: ignore[misc]
        def log(self, severity: Any, msg: str) -> None:
            """Nobody listens."""

    builder = library.Builder(Logger())
    config = builder.create_builder_config()
    with pytest.raises(AttributeError):
        builder.build_cuda_engine()
    with pytest.raises(AttributeError):
        config.workspace = 1
    with pytest.raises(AttributeError):
        library.BuilderFlag.WINOGRAD  # noqa: B018
    with pytest.raises(TypeError, match="incompatible arguments"):
        config.set_flag("REFIT")
    with pytest.raises(TypeError, match="incompatible arguments"):
        config.set_flag(library.MemoryPoolType.WORKSPACE)
    with pytest.raises(TypeError, match="incompatible arguments"):
        config.set_memory_pool_limit(pool=library.MemoryPoolType.WORKSPACE, bytes=1)
    with pytest.raises(TypeError, match="takes tensorrt"):
        config.profiling_verbosity = "detailed"
    with pytest.raises(TypeError, match="No constructor defined"):
        library.IBuilderConfig()


def test_flags_of_weak_typing_are_gone_with_version_11(library: Any, version: str) -> None:
    assert hasattr(library.BuilderFlag, "FP16") == version.startswith("10.")


def test_a_subclass_that_forgets_its_base_is_refused_as_pybind11_does(library: Any) -> None:
    class Logger(library.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            """Forgets it."""

    with pytest.raises(TypeError, match="must be called when overriding __init__"):
        library.Builder(Logger())
