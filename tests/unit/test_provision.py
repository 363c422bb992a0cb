"""The engine that the service runs: found where there is one, else built once and found again."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deploy.build.engine import BuildSpec, build_engine
from deploy.bundle.errors import Fatal, MissingDriver
from deploy.bundle.manifest import Bundle, open_bundle
from deploy.engines.record import RECORD
from edge.provision import Provision, provide_engine
from edge.settings.engine import EngineSettings
from tests.models import LABELS, solid_pixels


def never(_: float) -> bool:
    return False


def forbid_building(*_: object, **__: object) -> None:
    raise AssertionError("an engine was built, one was there")


@pytest.fixture(scope="module")
def cache(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with one engine in it, as the builder leaves it. Left as it is by every test."""
    folder = tmp_path_factory.mktemp("cache")
    bundle = open_bundle(tiny_bundle)
    place = folder / bundle.digest.removeprefix("sha256:")[:16]
    build_engine(bundle, BuildSpec("onnxruntime"), place, lambda _: None)
    return folder


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Bundle:
    """A copy of the bundle, without engines, for this test alone."""
    shutil.copytree(tiny_bundle, tmp_path / "bundle")
    return open_bundle(tmp_path / "bundle")


@pytest.fixture
def settings(cache: Path, tmp_path: Path) -> EngineSettings:
    shutil.copytree(cache, tmp_path / "cache")
    return EngineSettings(engine="onnxruntime", engine_cache=tmp_path / "cache")


def engine_folder(settings: EngineSettings) -> Path:
    (record,) = settings.engine_cache.rglob(RECORD)
    return record.parent


def provided(
    bundle: Bundle, settings: EngineSettings, stopping: Callable[[float], bool] = never
) -> Provision:
    found = provide_engine(bundle, settings, stopping)
    assert found is not None
    return found


def label_of(found: Provision, label: str) -> str:
    scores = found.engine.session().run(solid_pixels(label)[None])
    return LABELS[int(np.argmax(scores))]


@pytest.mark.slow
def test_a_missing_engine_is_built_once_into_the_cache_and_found_again(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = EngineSettings(engine="onnxruntime", max_batch=2, engine_cache=tmp_path / "new")
    first = provided(bundle, settings)
    assert label_of(first, "parcel") == "parcel"
    assert first.record.certificate.passed
    assert not bundle.engines.exists()
    monkeypatch.setattr("edge.building.subprocess.Popen", forbid_building)
    assert provided(bundle, settings).record == first.record


def test_an_engine_in_the_cache_is_taken(
    bundle: Bundle, settings: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.building.subprocess.Popen", forbid_building)
    found = provided(bundle, settings)
    assert [label_of(found, label) for label in LABELS] == list(LABELS)


def test_an_engine_that_came_with_the_bundle_is_taken_first(
    bundle: Bundle, settings: EngineSettings
) -> None:
    shutil.copytree(engine_folder(settings), bundle.engines / engine_folder(settings).name)
    document = json.loads((engine_folder(settings) / RECORD).read_text(encoding="utf-8"))
    document["certificate"]["passed"] = False  # the cache's would be refused
    (engine_folder(settings) / RECORD).write_text(json.dumps(document), encoding="utf-8")
    assert provided(bundle, settings).record.certificate.passed


def test_without_permission_to_build_a_missing_engine_is_refused(
    bundle: Bundle, tmp_path: Path
) -> None:
    settings = EngineSettings(engine="onnxruntime", engine_cache=tmp_path / "none", build=False)
    with pytest.raises(Fatal, match=r"no engine in .*engines or .* fits, and --no-build forbids"):
        provide_engine(bundle, settings, never)
    assert not (tmp_path / "none").exists()


def test_without_permission_to_build_an_engine_that_fits_is_taken(
    bundle: Bundle, settings: EngineSettings
) -> None:
    found = provided(bundle, replace(settings, build=False))
    assert label_of(found, "vehicle") == "vehicle"


@pytest.mark.parametrize("change", ["max_batch", "bundle"])
def test_an_engine_that_was_made_for_something_else_does_not_fit(
    bundle: Bundle, settings: EngineSettings, change: str
) -> None:
    settings = replace(settings, build=False)
    if change == "bundle":
        bundle = replace(bundle, digest=f"sha256:{'0' * 64}")
    else:
        settings = replace(settings, max_batch=settings.max_batch + 1)
    with pytest.raises(Fatal, match="no engine in"):
        provide_engine(bundle, settings, never)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("certificate", "passed"), False, "was not proven equal"),
        (("fingerprint", "device"), "another processor", "another processor"),
        (("schema",), "yardlight.engine/9", "yardlight.engine/9"),
        (("files", "model.blob"), "0" * 64, "model.blob is missing"),
    ],
)
def test_an_engine_whose_record_does_not_hold_is_refused_by_name(
    bundle: Bundle, settings: EngineSettings, place: tuple[str, ...], value: object, said: str
) -> None:
    folder = engine_folder(settings)
    document = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    *above, last = place
    inner = document
    for step in above:
        inner = inner[step]
    inner[last] = value
    (folder / RECORD).write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(Fatal, match=said) as refused:
        provide_engine(bundle, settings, never)
    assert str(folder) in str(refused.value)


@pytest.mark.slow
def test_a_build_that_fails_says_why(bundle: Bundle, tmp_path: Path) -> None:
    settings = EngineSettings(engine="onnxruntime", precision="int8", engine_cache=tmp_path)
    with pytest.raises(Fatal, match=r"could not be built into .*: .* holds no INT8 network"):
        provide_engine(bundle, settings, never)
    assert not list(tmp_path.rglob(RECORD))


@pytest.mark.slow
def test_whoever_stops_the_service_does_not_wait_for_the_builder(
    bundle: Bundle, tmp_path: Path
) -> None:
    settings = EngineSettings(engine="onnxruntime", engine_cache=tmp_path / "new")
    assert provide_engine(bundle, settings, lambda _: True) is None
    assert not list(tmp_path.rglob(RECORD))


def test_a_missing_driver_names_the_extra_that_brings_it(
    bundle: Bundle, settings: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingDriver, match=r"pip install 'yardlight\[cpu\]'"):
        provide_engine(bundle, replace(settings, engine="openvino"), never)
