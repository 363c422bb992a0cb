"""The wheel holds what runs and nothing else, and what it holds runs without this folder."""

import site
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from edge.kafka.embedded import EmbeddedBroker
from tests.packaging.distributions import ROOT, Distributions, Environment, build, run

pytestmark = pytest.mark.slow
PACKAGES = {"edge", "trainer", "deploy"}


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def installed(
    distributions: Distributions, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """The wheel in an environment of its own; the libraries it asks for are those that are here."""
    environment = Environment(tmp_path_factory.mktemp("environment") / "venv")
    environment.create()
    environment.install("--no-deps", str(distributions.wheel))
    (packages,) = environment.folder.glob("lib/python*/site-packages")
    # Files named *.pth are not followed in there, so this working tree is not found through it.
    (packages / "libraries.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    return environment


def test_the_wheel_holds_the_three_packages_and_nothing_else(distributions: Distributions) -> None:
    names = _names_in_wheel(distributions)
    assert {name.split("/")[0] for name in names} - {_metadata(names)} == PACKAGES
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    assert not [name for name in names if name.endswith((".pyc", "~")) or "test" in name]


def test_the_wheel_holds_the_demos_bundle_whole(distributions: Distributions) -> None:
    bundle = ROOT / "edge/demo/bundle"
    files = {str(path.relative_to(ROOT)) for path in bundle.rglob("*") if path.is_file()}
    assert len(files) > 5
    assert files <= _names_in_wheel(distributions)


def test_the_wheel_holds_the_kernels_with_their_source(distributions: Distributions) -> None:
    kernels = ROOT / "deploy/engines/gpu/kernels"
    files = {str(path.relative_to(ROOT)) for path in kernels.glob("[!_]*") if path.is_file()}
    assert {Path(file).suffix for file in files} == {".cu", ".h", ".fatbin", ".json", ".py"}
    assert files <= _names_in_wheel(distributions)


def test_the_wheel_says_its_licence(distributions: Distributions) -> None:
    names = _names_in_wheel(distributions)
    assert f"{_metadata(names)}/licenses/LICENSE" in names


def test_the_sdist_holds_all_that_building_it_again_takes(
    distributions: Distributions, tmp_path: Path
) -> None:
    with tarfile.open(distributions.sdist) as archive:
        tops = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    assert tops >= {*PACKAGES, "LICENSE", "README.md", "constraints.txt", "pyproject.toml"}
    assert not tops & {"tests", "docker", ".github", ".ci"}
    target = tmp_path / "target"
    here = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target))
    run(*here, "--no-build-isolation", str(distributions.sdist))
    assert {path.name for path in target.iterdir()} >= PACKAGES


@pytest.mark.parametrize("command", ["yardlight-edge", "yardlight-deploy", "yardlight-train"])
def test_an_installed_wheel_says_its_version(installed: Environment, command: str) -> None:
    said = run(installed.program(command), "--version")
    assert said.startswith("yardlight "), said


def test_the_demo_of_an_installed_wheel_classifies(
    installed: Environment, embedded_kafka: EmbeddedBroker, tmp_path: Path
) -> None:
    assert embedded_kafka.address
    where = run(str(installed.python), "-c", "import edge; print(edge.__file__)")
    assert Path(where).is_relative_to(installed.folder)
    said = run(
        *(installed.program("yardlight-edge"), "demo", "--seconds", "2", "--cameras", "2"),
        HOME=str(tmp_path),
    )
    assert "audit       clean" in said


def _names_in_wheel(distributions: Distributions) -> set[str]:
    with zipfile.ZipFile(distributions.wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def _metadata(names: set[str]) -> str:
    (folder,) = {top for name in names if (top := name.split("/")[0]).endswith(".dist-info")}
    return folder
