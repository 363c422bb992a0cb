"""A bundle that is not what it says: refused by every command, in one line that names the fault."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy.bundle.command import FAILED
from deploy.bundle.manifest import MANIFEST, MODEL, sha256_of
from tests.unit.deploying import deploy, said, spoil

COMMANDS = ("inspect", "verify", "build")


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, for this test to spoil."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_is_no_bundle_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert deploy(command, tmp_path) == FAILED
    assert f"{tmp_path} is not a bundle: {tmp_path / MANIFEST} does not exist" in said(capsys)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_not_the_one_listed_is_named_with_both_hashes(
    bundle: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    listed = sha256_of(bundle / MODEL)
    with (bundle / MODEL).open("ab") as model:
        model.write(b"\0")
    assert deploy(command, bundle) == FAILED
    line = said(capsys)
    assert f"{bundle / MODEL}: sha256 is {sha256_of(bundle / MODEL)}" in line
    assert listed in line


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_missing_or_not_listed_is_named(
    bundle: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (bundle / "golden" / "0000.jpg").rename(bundle / "golden" / "photo.jpg")
    assert deploy(command, bundle) == FAILED
    assert "listed but missing: golden/0000.jpg" in said(capsys)
    shutil.copy(bundle / "golden" / "photo.jpg", bundle / "golden" / "0000.jpg")
    assert deploy(command, bundle) == FAILED
    assert f"present but not listed in {MANIFEST}: golden/photo.jpg" in said(capsys)


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "golden/../../x", "engines/x"])
def test_a_path_that_climbs_out_is_refused(
    bundle: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    spoil(bundle, lambda document: document["files"].update({path: "0" * 64}))
    assert deploy("inspect", bundle) == FAILED
    assert f"path {path!r} is not allowed: it must stay within the bundle" in said(capsys)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"schema": "yardlight.bundle/9"}, "schema 'yardlight.bundle/9' is not known here"),
        ({"labels": "vehicle"}, "labels is 'vehicle', expected a list"),
        ({"labels": ["a", "b", "a", "c"]}, "labels are not unique, repeated: a"),
        ({"input": {"width": 0, "height": 32}}, "width is 0, expected a whole number"),
        ({"outputs": None}, "outputs is None, expected an object"),
        ({"name": ""}, "name is ''"),
    ],
)
def test_a_wrong_field_of_the_manifest_is_named(
    bundle: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], expected: str
) -> None:
    spoil(bundle, lambda document: document.update(change))
    assert deploy("inspect", bundle) == FAILED
    line = said(capsys)
    assert expected in line
    assert str(bundle / MANIFEST) in line


@pytest.mark.parametrize("command", ["verify", "build"])
def test_labels_that_do_not_match_the_output_are_refused_with_both_numbers(
    bundle: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    spoil(bundle, lambda document: document["labels"].append("cat"))
    assert deploy(command, bundle, *(["--engine", "onnxruntime"] * (command == "build"))) == FAILED
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f"error: {bundle / MODEL}: output 'probabilities' has shape")
    assert "5 labels" in line
