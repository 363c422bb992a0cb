"""Build an engine: compile, prove, measure, and only then put it where it is found."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from deploy.build.cost import measure_cost
from deploy.build.nvidia.builder import Options
from deploy.build.nvidia.compile import compile_plan
from deploy.build.variant import check_offered, network_of
from deploy.bundle.errors import Fatal
from deploy.bundle.golden import read_golden
from deploy.bundle.manifest import Bundle, sha256_of
from deploy.bundle.reference import check_model
from deploy.certify.parity import certify
from deploy.certify.photos import Photos
from deploy.engines import catalogue, onnxruntime, openvino, tensorrt
from deploy.engines.drafts import draft_prefix, sweep
from deploy.engines.kinds import DEFAULT_MAX_BATCH, EngineKind, Precision
from deploy.engines.protocol import Engine
from deploy.engines.record import EngineRecord, write_record

TIMINGS = "timings.cache"
"""What NVIDIA's builders learnt about their kernels, for the next build on this machine."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BuildSpec:
    kind: EngineKind
    precision: Precision = "fp32"
    max_batch: int = DEFAULT_MAX_BATCH
    reuse: bool = False
    """Take an engine that fits and is there already, instead of building it anew."""
    photos: Photos | None = None
    """What it is proven with beside the golden frames."""
    builder: Options | None = None
    """What else an NVIDIA builder is asked for."""


def build_engine(bundle: Bundle, spec: BuildSpec, into: Path, tell: Tell) -> Path:
    """Build an engine into `into/<key>` and return that folder.

    The folder appears by one rename once the engine is complete and proven, so that a crash leaves
    nothing half-written and a reader never sees an engine without its certificate.

    Raises:
        MissingDriver: the engine's library is not installed.
        Fatal: it does not compile, or is not equal to the reference.
    """
    check_offered(spec.kind, spec.precision)
    wanted = catalogue.fingerprint(bundle, spec.kind, spec.precision, spec.max_batch)
    check_model(bundle)
    # An engine is native code: only its owner may write where it is loaded from.
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    prefix = draft_prefix(os.getpid())
    with _alone_in(into), tempfile.TemporaryDirectory(prefix=prefix, dir=into) as name:
        if spec.reuse and (place := catalogue.find(wanted, [into])):
            tell("another process has built it meanwhile")
            return place
        draft = Path(name) / wanted.key
        draft.mkdir()
        tell(f"compiling {bundle.manifest.name} for {wanted.builder} {spec.precision}")
        _compile(bundle, spec, draft, into / TIMINGS, tell)
        files = {path.name: sha256_of(path) for path in sorted(draft.iterdir())}
        engine = catalogue.load(bundle, draft, spec.kind, spec.precision)
        try:
            record = _prove(bundle, spec, engine, files, tell)
        finally:
            engine.close()
        write_record(draft, record)
        return _publish(draft, into / wanted.key)


def compile_engine(bundle: Bundle, spec: BuildSpec, into: Path, tell: Tell) -> Path:
    """Compile into `into/unproven/<key>` and return that folder. It holds no record: nothing takes
    for an engine what was not proven where it runs.

    Raises:
        MissingDriver: the engine's library is not installed.
        Fatal: it does not compile.
    """
    check_offered(spec.kind, spec.precision)
    wanted = catalogue.fingerprint(bundle, spec.kind, spec.precision, spec.max_batch)
    check_model(bundle)
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".compiling-", dir=into) as name:
        draft = Path(name) / wanted.key
        draft.mkdir()
        tell(f"compiling {bundle.manifest.name} for {wanted.builder} {spec.precision}")
        start = perf_counter()
        _compile(bundle, spec, draft, into / TIMINGS, tell)
        tell(f"compiled in {perf_counter() - start:.2f} s, not proven")
        (into / "unproven").mkdir(exist_ok=True, mode=0o700)
        return _publish(draft, into / "unproven" / wanted.key)


def _compile(bundle: Bundle, spec: BuildSpec, draft: Path, timings: Path, tell: Tell) -> None:
    if spec.kind == "onnxruntime" and spec.precision == "fp32":
        return  # it runs the bundle's own model
    network = network_of(bundle, spec.kind, spec.precision)
    if spec.kind == "openvino":
        for name, blob in _by_openvino(bundle, spec.precision, network).items():
            (draft / name).write_bytes(blob)
    elif spec.kind == "onnxruntime":
        (draft / onnxruntime.NETWORK).write_bytes(network)
    else:
        options = spec.builder or Options(spec.max_batch)
        size = bundle.manifest.input
        plan = compile_plan(network, spec.kind, size, options, timings, tell)
        (draft / tensorrt.PLAN).write_bytes(plan)


def _by_openvino(bundle: Bundle, precision: Precision, network: bytes) -> dict[str, bytes]:
    try:
        return openvino.compile_model(bundle, precision, network)
    except openvino.UnknownOperators as error:
        try:
            from deploy.build.unsupported import nodes_of
        except ImportError:  # an installation that only builds has no onnx
            where = ""
        else:
            where = f" at node {nodes_of(network, error.operators)}"
        raise Fatal(
            f"{error}{where}; export it with plain operators, or take --engine onnxruntime, which "
            "runs every one"
        ) from error


def _prove(
    bundle: Bundle, spec: BuildSpec, engine: Engine, files: dict[str, str], tell: Tell
) -> EngineRecord:
    session = engine.session()
    certificate = certify(bundle, read_golden(bundle), session, spec.precision, spec.photos)
    if not certificate.passed:
        raise Fatal(f"the engine is not equal to the reference: {certificate.reason}")
    seen = "" if certificate.evidence is None else f" and {certificate.evidence.photos} photos"
    tell(f"equal to the reference on {certificate.frames} golden frames{seen}, measuring its cost")
    cost = measure_cost(session, bundle.manifest.input, spec.max_batch)
    wanted = catalogue.fingerprint(bundle, spec.kind, spec.precision, spec.max_batch)
    return EngineRecord(wanted, files, certificate, cost)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Builders of one folder take turns; the lock goes with the process, however that ends."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sweep(folder)
        yield


def _publish(draft: Path, place: Path) -> Path:
    if place.exists():
        shutil.rmtree(place)
    draft.rename(place)
    return place
