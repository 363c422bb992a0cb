"""TensorRT for RTX here: a plan of the demo's network, built, proven equal and measured."""

import tempfile
from pathlib import Path

from deploy.build.engine import BuildSpec, build_engine
from deploy.bundle.manifest import open_bundle
from deploy.engines.cuda import open_gpu
from deploy.engines.record import read_record
from tests.gpu.checks.report import Figures

DEMO = Path(__file__).parents[3] / "edge" / "demo" / "bundle"
MOST = 64


def check() -> Figures:
    open_gpu()  # says it in one sentence where there is none
    with tempfile.TemporaryDirectory() as place:
        record = read_record(build(Path(place)))
    return {
        "engine": record.fingerprint.builder,
        "certificate_passed": record.certificate.passed,
        "why": record.certificate.reason,
        "seconds_by_batch": record.cost.to_mapping(),
    }


def build(into: Path) -> Path:
    """The folder of the built engine.

    Raises:
        Fatal: this chip does not run it.
    """
    spec = BuildSpec("tensorrt-rtx", max_batch=MOST)
    return build_engine(open_bundle(DEMO), spec, into, lambda _: None)
