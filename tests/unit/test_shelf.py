"""Which engine may run: proven, for this machine, and from somebody who is trusted."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.build.engine import BuildSpec, build_engine
from deploy.bundle.errors import Fatal
from deploy.bundle.keys import read_private_key
from deploy.bundle.manifest import Bundle, open_bundle
from deploy.engines import catalogue
from deploy.engines.record import RECORD, Fingerprint, read_record, write_record
from deploy.signing.signed import sign_bundle
from edge.provision import provide_engine
from edge.settings.engine import EngineSettings
from edge.shelf import Shelf
from tests.unit.signing import new_key, public

pytest.importorskip("cryptography", reason="needs the extra 'sign'")

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def built(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with an engine in it. Left as it is by every test."""
    folder = tmp_path_factory.mktemp("built") / "bundle"
    shutil.copytree(tiny_bundle, folder)
    bundle = open_bundle(folder)
    build_engine(bundle, BuildSpec("onnxruntime", max_batch=1), bundle.engines, lambda _: None)
    return folder


@pytest.fixture
def bundle(built: Path, tmp_path: Path) -> Bundle:
    return open_bundle(Path(shutil.copytree(built, tmp_path / "bundle")))


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return new_key(tmp_path)


@pytest.fixture
def settings(tmp_path: Path) -> EngineSettings:
    """Nothing may be built: what does not run is refused."""
    cache = tmp_path / "cache"
    return EngineSettings(
        engine="onnxruntime", max_batch=1, engine_cache=cache, engine_rebuild="never"
    )


@pytest.fixture
def trusting(settings: EngineSettings, key: Path) -> EngineSettings:
    return replace(settings, trust=(public(key),))


def sign(bundle: Bundle, key: Path) -> None:
    sign_bundle(bundle.folder, read_private_key(key), replace=False)


def record_of(bundle: Bundle) -> Path:
    (record,) = bundle.engines.glob(f"*/{RECORD}")
    return record


def edit(record: Path, change: Change) -> None:
    document = json.loads(record.read_text(encoding="utf-8"))
    change(document)
    record.write_text(json.dumps(document), encoding="utf-8")


def provided(bundle: Bundle, settings: EngineSettings) -> bool:
    return provide_engine(bundle, settings, lambda _: False) is not None


def test_an_engine_that_was_signed_runs(
    bundle: Bundle, key: Path, trusting: EngineSettings
) -> None:
    sign(bundle, key)
    assert provided(bundle, trusting)


def test_an_engine_that_nobody_signed_does_not_run_where_somebody_is_trusted(
    bundle: Bundle, settings: EngineSettings, trusting: EngineSettings
) -> None:
    assert provided(bundle, settings)
    with pytest.raises(Fatal, match=r"engine\.json is not signed"):
        provided(bundle, trusting)


def test_an_engine_of_another_signer_is_refused_and_both_keys_named(
    bundle: Bundle, tmp_path: Path, trusting: EngineSettings
) -> None:
    sign(bundle, new_key(tmp_path, "other"))
    with pytest.raises(Fatal, match=r"signed by ed25519:\w+, none of which is trusted: ed25519:"):
        provided(bundle, trusting)


def test_nothing_of_an_engine_is_parsed_before_its_signature_holds(
    bundle: Bundle, key: Path, trusting: EngineSettings
) -> None:
    sign(bundle, key)
    record_of(bundle).write_text("{ this is no JSON", encoding="utf-8")
    with pytest.raises(Fatal, match="was changed after it was signed"):
        provided(bundle, trusting)


def test_a_certificate_that_was_edited_is_told_by_its_signature_or_else_by_its_seal(
    bundle: Bundle, key: Path, settings: EngineSettings, trusting: EngineSettings
) -> None:
    sign(bundle, key)
    edit(record_of(bundle), lambda record: record["certificate"].update(frames=10_000))
    with pytest.raises(Fatal, match="was changed after it was signed"):
        provided(bundle, trusting)
    with pytest.raises(Fatal, match="was edited after the engine was proven"):
        provided(bundle, settings)


def test_an_engine_that_was_not_proven_runs_only_where_that_is_said_in_so_many_words(
    bundle: Bundle, settings: EngineSettings
) -> None:
    folder = record_of(bundle).parent
    record = read_record(folder)
    failed = replace(record.certificate, passed=False, reason="smallest cosine 0.5")
    write_record(folder, replace(record, certificate=failed))
    with pytest.raises(Fatal, match=r"was not proven equal: smallest cosine 0\.5"):
        provided(bundle, settings)
    assert provided(bundle, replace(settings, accept_unproven_engine=True))


def test_an_engine_built_here_needs_no_signature_but_a_folder_of_our_own(
    bundle: Bundle, trusting: EngineSettings
) -> None:
    shelf = Shelf(bundle, trusting)
    shelf.prepare()
    place = shelf.cache / record_of(bundle).parent.name
    shutil.move(record_of(bundle).parent, place)
    assert provided(bundle, trusting)
    place.chmod(0o777)
    with pytest.raises(Fatal, match="can be written by others"):
        provided(bundle, trusting)


def test_an_engine_of_another_model_is_not_found_in_the_cache(
    bundle: Bundle, settings: EngineSettings
) -> None:
    shelf = Shelf(bundle, settings)
    other = Shelf(replace(bundle, digest=f"sha256:{'0' * 64}"), settings)
    assert shelf.cache != other.cache


@pytest.mark.parametrize(
    ("name", "value"),
    [("device", "NVIDIA H100 9.0"), ("builder", "onnxruntime 0.1"), ("driver", "580.65")],
)
def test_where_nothing_may_be_built_each_engine_says_why_it_does_not_fit(
    bundle: Bundle, settings: EngineSettings, name: str, value: str
) -> None:
    folder = record_of(bundle).parent
    record = read_record(folder)
    made_for: Fingerprint = replace(record.fingerprint, **{name: value})  # type: ignore[arg-type]
    write_record(folder, replace(record, fingerprint=made_for))
    folder.rename(folder.with_name(made_for.key))
    with pytest.raises(Fatal, match="--engine-rebuild never forbids to build one; ") as refused:
        provided(bundle, settings)
    here = catalogue.fingerprint(bundle, "onnxruntime", "fp32", 1)
    assert f"was built for {name} '{value}', here it is '{getattr(here, name)}'" in str(
        refused.value
    )


def test_a_truncated_engine_is_refused_by_name(bundle: Bundle, settings: EngineSettings) -> None:
    pytest.importorskip("openvino", reason="needs the extra 'cpu'")
    spec = BuildSpec("openvino", max_batch=1)
    folder = build_engine(bundle, spec, bundle.engines, lambda _: None)
    blob = next(folder.glob("*.blob"))
    blob.write_bytes(blob.read_bytes()[:100])
    with pytest.raises(Fatal, match="is missing or not the file that"):
        provided(bundle, replace(settings, engine="openvino"))
