"""An engine appears where it is found only once it is whole, proven equal and measured."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deploy.build import engine as building
from deploy.build.cost import measure_cost
from deploy.build.engine import BuildSpec, build_engine
from deploy.bundle.errors import Fatal
from deploy.bundle.golden import Golden, read_golden
from deploy.bundle.manifest import Bundle, open_bundle
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Outputs, Scores, open_reference
from deploy.certify.parity import certify
from deploy.certify.verify import verify_engine
from deploy.engines.certificate import Certificate
from deploy.engines.drafts import draft_prefix, sweep
from deploy.engines.record import RECORD, read_record

SPEC = BuildSpec("onnxruntime", max_batch=3)
Distort = Callable[[Scores], Scores]


@pytest.fixture
def bundle(tiny_bundle: Path) -> Bundle:
    return open_bundle(tiny_bundle)


@pytest.fixture
def golden(bundle: Bundle) -> Golden:
    return read_golden(bundle)


def silent(_: str) -> None:
    """Nobody listens to the progress."""


def test_what_builders_left_that_were_killed_is_gone_after_the_next_build(
    bundle: Bundle, tmp_path: Path
) -> None:
    for builder in (1, 2):
        draft = tmp_path / f"{draft_prefix(builder)}half" / "engine"
        draft.mkdir(parents=True)
        (draft / "plan").write_bytes(b"half")
    sweep(tmp_path, 2)
    assert [it.name for it in tmp_path.glob(".b*")] == [f"{draft_prefix(1)}half"]
    place = build_engine(bundle, SPEC, tmp_path, silent)
    assert sorted(it.name for it in tmp_path.iterdir()) == [".lock", place.name]


class Distorted:
    """A session that answers as the reference does, and then a little differently."""

    def __init__(self, bundle: Bundle, distort: Distort) -> None:
        self._reference = open_reference(bundle.model, threads=1)
        self._distort = distort
        self.sizes: list[int] = []

    def run(self, pixels: Pixels) -> Scores:
        self.sizes.append(len(pixels))
        return self.run_all(pixels).probabilities

    def run_all(self, pixels: Pixels) -> Outputs:
        outputs = self._reference.run(pixels)
        return Outputs(outputs.probabilities, self._distort(outputs.logits))


def off_by(share: float) -> Distort:
    """Wrong in one logit by this share of the largest one."""

    def distort(logits: Scores) -> Scores:
        wrong: Scores = logits.copy()
        wrong[:, 0] += share * np.abs(logits).max()
        return wrong

    return distort


def certificate(bundle: Bundle, golden: Golden, distort: Distort) -> Certificate:
    return certify(bundle, golden, Distorted(bundle, distort), "fp32")


# Equal or not


def test_the_reference_is_equal_to_itself(bundle: Bundle, golden: Golden) -> None:
    found = certificate(bundle, golden, lambda logits: logits)
    assert (found.passed, found.reason, found.frames) == (True, "", len(golden.frames))
    assert found.agreement == 1
    assert found.max_error < 1e-5


@pytest.mark.parametrize(
    ("distort", "said"),
    [
        (off_by(0.01), "largest logit error"),
        (lambda logits: -logits, "largest logit error"),
        (lambda logits: logits * np.float32("nan"), "largest logit error nan"),
        (lambda logits: logits * np.float32("inf"), "largest logit error"),
        (np.zeros_like, "largest logit error"),
    ],
    ids=["a little off", "opposite", "not a number", "infinite", "silent"],
)
def test_an_engine_that_answers_differently_is_not_equal(
    bundle: Bundle, golden: Golden, distort: Distort, said: str
) -> None:
    found = certificate(bundle, golden, distort)
    assert not found.passed
    assert said in found.reason


def test_a_coarser_arithmetic_may_differ_more(bundle: Bundle, golden: Golden) -> None:
    session = Distorted(bundle, off_by(0.01))
    assert not certify(bundle, golden, session, "fp16").passed
    assert certify(bundle, golden, session, "bf16").passed


def test_an_engine_that_points_another_way_is_not_equal_however_small_the_error(
    bundle: Bundle, golden: Golden
) -> None:
    found = certify(bundle, golden, Distorted(bundle, off_by(0.4)), "int8")
    assert not found.passed
    assert "mean cosine" in found.reason


def test_a_decoder_that_differs_from_the_one_of_the_bundle_shows(
    bundle: Bundle, golden: Golden
) -> None:
    turned = Golden(tuple(reversed(golden.frames)), golden.pixels, golden.outputs)
    found = certificate(bundle, turned, lambda logits: logits)
    assert not found.passed
    assert "of the golden frames get the reference's label" in found.reason


# What it costs


@pytest.mark.parametrize(("most", "sizes"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6])])
def test_the_cost_is_measured_for_powers_of_two_and_the_largest_batch(
    bundle: Bundle, most: int, sizes: list[int]
) -> None:
    session = Distorted(bundle, lambda logits: logits)
    cost = measure_cost(session, bundle.manifest.input, most)
    assert [size for size, _ in cost.points] == sizes
    assert all(seconds > 0 for _, seconds in cost.points)
    assert all(session.sizes.count(size) > 1 for size in sizes)


# Where it appears


def test_a_built_engine_is_whole_proven_and_measured(bundle: Bundle, tmp_path: Path) -> None:
    said: list[str] = []
    folder = build_engine(bundle, SPEC, tmp_path / "engines", said.append)
    record = read_record(folder)
    assert folder == tmp_path / "engines" / record.fingerprint.key
    assert record.certificate.passed
    assert [size for size, _ in record.cost.points] == [1, 2, 3]
    assert said[0].startswith("compiling colours for onnxruntime")
    assert verify_engine(bundle, folder).certificate.passed


def test_only_its_owner_may_write_where_engines_are_loaded_from(
    bundle: Bundle, tmp_path: Path
) -> None:
    build_engine(bundle, SPEC, tmp_path / "engines", silent)
    assert (tmp_path / "engines").stat().st_mode & 0o777 == 0o700


def test_an_engine_that_is_not_equal_never_appears(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = Certificate(8, 0.5, 0.2, 0.1, passed=False, reason="smallest cosine 0.2")
    monkeypatch.setattr(building, "certify", lambda *_: failed)
    with pytest.raises(Fatal, match=r"not equal to the reference: smallest cosine 0\.2"):
        build_engine(bundle, SPEC, tmp_path, silent)
    assert list(tmp_path.rglob(RECORD)) == []
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_an_engine_that_is_there_is_reused_only_where_that_is_asked_for(
    bundle: Bundle, tmp_path: Path
) -> None:
    folder = build_engine(bundle, SPEC, tmp_path, silent)
    (folder / "mark").write_text("the first one", encoding="utf-8")
    reuse = BuildSpec("onnxruntime", max_batch=3, reuse=True)
    assert build_engine(bundle, reuse, tmp_path, silent) == folder
    assert (folder / "mark").exists()
    assert build_engine(bundle, SPEC, tmp_path, silent) == folder
    assert not (folder / "mark").exists()


def test_a_precision_that_the_engine_cannot_do_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="onnxruntime has no bf16: it offers fp32, fp16, int8"):
        build_engine(bundle, BuildSpec("onnxruntime", precision="bf16"), tmp_path, silent)
    assert list(tmp_path.rglob(RECORD)) == []
