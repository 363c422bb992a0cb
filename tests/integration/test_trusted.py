"""A service that trusts keys runs what their owners signed, and nothing else."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.bundle.keys import make_key, read_private_key, read_public_key
from deploy.bundle.manifest import MANIFEST, MODEL
from deploy.signing.signed import sign_bundle
from tests.integration.running import command, member, options
from tests.integration.world import World, pictures

pytestmark = pytest.mark.slow
pytest.importorskip("cryptography", reason="needs the extra 'sign'")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    make_key(tmp_path / "key")
    return tmp_path / "key"


@pytest.fixture
def signed(embedded_world: World, key: Path, tmp_path: Path) -> World:
    """A world whose bundle is signed."""
    bundle = Path(shutil.copytree(embedded_world.bundle, tmp_path / "bundle"))
    sign_bundle(bundle, read_private_key(key), replace=False)
    return replace(embedded_world, bundle=bundle)


def public(key: Path) -> str:
    return f"{key}.pub"


def test_what_a_trusted_key_signed_runs_whichever_of_several_it_is(
    signed: World, key: Path, tmp_path: Path
) -> None:
    make_key(tmp_path / "next")
    words = ("--trust", public(tmp_path / "next"), "--trust", public(key))
    with member(signed, tmp_path / "log", *words) as running:
        running.ready()
        signed.send(pictures(4))
        assert len(signed.results(4)) == 4
        assert running.stop() == 0


def changed_manifest(bundle: Path) -> str:
    document = json.loads((bundle / MANIFEST).read_bytes())
    document["labels"][0] = "lorry"
    (bundle / MANIFEST).write_text(json.dumps(document), encoding="utf-8")
    return f"{bundle / MANIFEST} was changed after it was signed"


def changed_file(bundle: Path) -> str:
    (bundle / MODEL).write_bytes(b"another network")
    return f"{bundle / MODEL}: sha256 is"


def missing_signature(bundle: Path) -> str:
    (bundle / "bundle.sig").unlink()
    return f"{bundle / MANIFEST} is not signed"


@pytest.mark.parametrize("change", [changed_manifest, changed_file, missing_signature])
def test_what_was_changed_after_it_was_signed_is_refused(
    signed: World, key: Path, tmp_path: Path, change: Callable[[Path], str]
) -> None:
    expected = change(signed.bundle)
    with member(signed, tmp_path / "log", "--trust", public(key)) as refused:
        assert refused.ended() == 1
    assert f"error: {expected}" in refused.said()


def test_what_somebody_else_signed_is_refused_with_the_names_of_both_keys(
    signed: World, key: Path, tmp_path: Path
) -> None:
    make_key(tmp_path / "other")
    environment = {"YARDLIGHT_TRUST": public(tmp_path / "other")}
    words = ("run", *options(signed))
    with command(tmp_path / "log", "edge.cli", *words, environment=environment) as refused:
        assert refused.ended() == 1
    names = [read_public_key(Path(public(one))).id for one in (key, tmp_path / "other")]
    assert f"is signed by {names[0]}, none of which is trusted: {names[1]}" in refused.said()


def test_a_private_key_has_no_place_on_a_node(signed: World, key: Path, tmp_path: Path) -> None:
    with member(signed, tmp_path / "log", "--trust", str(key)) as refused:
        assert refused.ended() == 1
    assert f"{key} is a private key, expected the public one (key.pub)" in refused.said()
