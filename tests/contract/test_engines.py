"""What every engine keeps (`deploy.engines.protocol`), whatever library runs it."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from deploy.build.engine import BuildSpec, build_engine
from deploy.bundle.manifest import Bundle, open_bundle
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Outputs, open_reference
from deploy.engines import catalogue
from deploy.engines.kinds import EngineKind
from deploy.engines.protocol import Engine
from tests.ending import finished
from tests.loudly import NotHere, skip_loudly
from tests.models import LABELS, solid_pixels
from tests.tensorrt.standin import installed
from tests.tensorrt.versions import VERSIONS

MAX_BATCH = 4
PIXELS = np.concatenate(
    [
        np.random.default_rng(5).integers(0, 256, (4, 32, 32, 3), np.uint8),
        np.stack([solid_pixels(label) for label in LABELS]),
    ]
)


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> Bundle:
    return open_bundle(tiny_bundle)


@pytest.fixture(
    scope="module",
    params=["onnxruntime", "openvino", *(f"tensorrt {one.version}" for one in VERSIONS)],
)
def library(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each engine in turn; of TensorRT a fake, held to what each version says of itself."""
    kind, _, version = request.param.partition(" ")
    if not version:
        pytest.importorskip(kind)
        yield request.param
        return
    try:
        with installed(version):
            yield request.param
    except NotHere as reason:
        skip_loudly(request.config, str(reason))


@pytest.fixture(scope="module")
def kind(library: str) -> EngineKind:
    kinds: dict[str, EngineKind] = {"onnxruntime": "onnxruntime", "openvino": "openvino"}
    return kinds.get(library, "tensorrt")


@pytest.fixture(scope="module")
def folder(kind: EngineKind, bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built engine; shared, so leave it as it is."""
    into = tmp_path_factory.mktemp("engines")
    return build_engine(bundle, BuildSpec(kind, max_batch=MAX_BATCH), into, lambda _: None)


@pytest.fixture(scope="module")
def engine(kind: EngineKind, bundle: Bundle, folder: Path) -> Iterator[Engine]:
    loaded = catalogue.load(bundle, folder, kind, "fp32")
    yield loaded
    loaded.close()


def expected(bundle: Bundle, pixels: Pixels) -> Outputs:
    return open_reference(bundle.model, threads=1).run(np.ascontiguousarray(pixels))


def assert_equal(found: Outputs, reference: Outputs) -> None:
    np.testing.assert_allclose(found.probabilities, reference.probabilities, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(found.logits, reference.logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("count", range(1, MAX_BATCH + 1))
def test_a_batch_of_any_size_is_answered_as_by_the_reference(
    engine: Engine, bundle: Bundle, count: int
) -> None:
    session = engine.session()
    for start in range(0, len(PIXELS) - count + 1, count):
        pixels = PIXELS[start : start + count]
        found = session.run_all(pixels)
        assert found.probabilities.shape == found.logits.shape == (count, len(LABELS))
        assert found.probabilities.dtype == found.logits.dtype == np.float32
        assert_equal(found, expected(bundle, pixels))
        np.testing.assert_array_equal(session.run(pixels), found.probabilities)


def test_sizes_of_batches_may_alternate(engine: Engine, bundle: Bundle) -> None:
    session = engine.session()
    for count in (4, 1, 3, 1, 4):
        assert_equal(session.run_all(PIXELS[:count]), expected(bundle, PIXELS[:count]))


def test_a_batch_beyond_the_largest_is_answered_right_or_refused(
    engine: Engine, bundle: Bundle
) -> None:
    session = engine.session()
    try:
        found = session.run_all(PIXELS)
    except Exception as refusal:  # noqa: BLE001 - drivers refuse each in their own way
        assert str(refusal)  # noqa: PT017 - either is fine, silence is not
    else:
        assert_equal(found, expected(bundle, PIXELS))
    assert_equal(session.run_all(PIXELS[:2]), expected(bundle, PIXELS[:2]))


@pytest.mark.parametrize(
    "view",
    [
        lambda pixels: pixels[..., ::-1],
        lambda pixels: pixels[:, ::-1],
        lambda pixels: pixels[::2],
        lambda pixels: pixels.transpose(0, 2, 1, 3),
    ],
    ids=["reversed colours", "upside down", "every other one", "turned"],
)
def test_pixels_may_be_a_view_of_others(
    engine: Engine, bundle: Bundle, view: Callable[[Pixels], Pixels]
) -> None:
    pixels = view(PIXELS[:MAX_BATCH])
    assert_equal(engine.session().run_all(pixels), expected(bundle, pixels))


def test_pixels_may_be_read_only_and_are_never_changed(engine: Engine, bundle: Bundle) -> None:
    pixels = PIXELS[:2].copy()
    pixels.flags.writeable = False
    assert_equal(engine.session().run_all(pixels), expected(bundle, PIXELS[:2]))
    np.testing.assert_array_equal(pixels, PIXELS[:2])


def test_an_answer_stays_what_it_was_after_the_next_run(engine: Engine, bundle: Bundle) -> None:
    session = engine.session()
    first, scores = session.run_all(PIXELS[:2]), session.run(PIXELS[:2])
    session.run_all(PIXELS[4:6])
    session.run(PIXELS[4:6])
    assert_equal(first, expected(bundle, PIXELS[:2]))
    np.testing.assert_array_equal(scores, first.probabilities)


def test_a_session_knows_nothing_of_another(engine: Engine, bundle: Bundle) -> None:
    one, other = engine.session(), engine.session()
    first = one.run_all(PIXELS[:2])
    other.run_all(PIXELS[4:7])
    assert_equal(first, expected(bundle, PIXELS[:2]))
    assert_equal(one.run_all(PIXELS[:2]), first)


def test_sessions_run_side_by_side(engine: Engine, bundle: Bundle) -> None:
    sessions = [engine.session() for _ in range(3)]
    start = Barrier(len(sessions))

    def run(index: int) -> list[Outputs]:
        pixels = PIXELS[index : index + 2]
        start.wait()
        return [sessions[index].run_all(pixels) for _ in range(50)]

    with ThreadPoolExecutor(len(sessions)) as pool:
        answers = list(pool.map(run, range(len(sessions))))
    for index, found in enumerate(answers):
        reference = expected(bundle, PIXELS[index : index + 2])
        for each in found:
            assert_equal(each, reference)


def test_a_session_may_be_made_while_another_runs(engine: Engine, bundle: Bundle) -> None:
    busy = engine.session()
    with ThreadPoolExecutor(1) as pool:
        runs = pool.submit(lambda: [busy.run_all(PIXELS[:1]) for _ in range(100)])
        late = engine.session()
        assert_equal(late.run_all(PIXELS[1:2]), expected(bundle, PIXELS[1:2]))
        assert_equal(runs.result()[-1], expected(bundle, PIXELS[:1]))


def test_an_engine_pays_for_at_least_one_session(engine: Engine) -> None:
    assert engine.concurrency >= 1


def test_an_engine_may_be_loaded_again_after_it_was_closed(
    kind: EngineKind, bundle: Bundle, folder: Path
) -> None:
    for _ in range(2):
        engine = catalogue.load(bundle, folder, kind, "fp32")
        assert_equal(engine.session().run_all(PIXELS[:1]), expected(bundle, PIXELS[:1]))
        engine.close()


FIRST_RUNS_AT_ONCE = """
import sys
from tests.tensorrt.standin import install
from pathlib import Path
from threading import Barrier, Thread
import numpy as np
from deploy.bundle.manifest import open_bundle
from deploy.engines import catalogue

bundle, folder = open_bundle(Path(sys.argv[1])), Path(sys.argv[2])
kind, _, version = sys.argv[3].partition(" ")
if version:
    install(version)
engine = catalogue.load(bundle, folder, kind, "fp32")
sessions = [engine.session() for _ in range(4)]
pixels = np.zeros((2, 32, 32, 3), np.uint8)
start, answers = Barrier(len(sessions)), []


def run(session):
    start.wait()
    answers.append(session.run(pixels))


threads = [Thread(target=run, args=(session,), daemon=True) for session in sessions]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(10)
for answer in answers:
    np.testing.assert_array_equal(answer, answers[0])
print(len(answers), "answered", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("_attempt", range(3))
def test_the_first_runs_of_a_process_may_come_all_at_once(
    library: str, bundle: Bundle, folder: Path, _attempt: int
) -> None:
    arguments = [str(bundle.folder), str(folder), library]
    ran = finished(
        [sys.executable, "-c", FIRST_RUNS_AT_ONCE, *arguments],
        seconds=60,
    )
    assert ran.stdout == "4 answered\n", ran.stderr
