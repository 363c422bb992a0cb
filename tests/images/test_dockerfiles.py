"""What every image keeps to, whether it can be built on this machine or not."""

import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests.ending import finished
from tests.images.dockerfile import FOLDER, Dockerfile, read
from tests.loudly import skip_loudly

PATHS = sorted(FOLDER.glob("Dockerfile.*"))
each_dockerfile = pytest.mark.parametrize(
    "dockerfile", [read(path) for path in PATHS], ids=[path.suffix[1:] for path in PATHS]
)
COMPILERS = re.compile(r"\b(gcc|g\+\+|clang|build-essential|nvcc|cuda-toolkit|python3-dev)\b")


def test_there_is_one_for_each_kind_of_machine() -> None:
    assert {path.suffix for path in PATHS} == {".cpu", ".gpu", ".jetson", ".trainer"}


@each_dockerfile
def test_hadolint_has_no_complaint(dockerfile: Dockerfile, pytestconfig: pytest.Config) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        skip_loudly(pytestconfig, "Dockerfiles were not linted: no hadolint for this machine.")
    done = finished([hadolint, dockerfile.path])
    assert done.returncode == 0, done.stdout


@each_dockerfile
def test_images_to_begin_with_are_pinned_and_may_be_replaced(dockerfile: Dockerfile) -> None:
    for image in dockerfile.arguments.values():
        assert re.search(r":[^:/]*\d[^:/]*$", image), image
    names = {stage.name for stage in dockerfile.stages}
    for stage in dockerfile.stages:
        assert stage.base in names or stage.base.strip("${}") in dockerfile.arguments


@each_dockerfile
def test_what_builds_is_left_behind(dockerfile: Dockerfile) -> None:
    assert len(dockerfile.stages) > 1
    for stage in dockerfile.result:
        commands = " ".join(stage.all("RUN"))
        assert not COMPILERS.search(commands), commands
        assert "pip install" not in commands
    final = dockerfile.stages[-1]
    assert [words for words in final.all("COPY") if words.startswith("--from=build /opt/yardlight")]


@each_dockerfile
def test_it_runs_as_a_user_without_rights_or_a_shell(dockerfile: Dockerfile) -> None:
    final = dockerfile.stages[-1]
    assert final.last("USER") == "10001:10001"
    assert "nologin" in " ".join(final.all("RUN"))
    assert final.last("VOLUME") == "/var/lib/yardlight"
    assert final.last("ENTRYPOINT").startswith("[")


@each_dockerfile
def test_it_is_asked_for_its_health_unless_it_is_a_job(dockerfile: Dockerfile) -> None:
    check = dockerfile.stages[-1].last("HEALTHCHECK")
    if dockerfile.path.suffix == ".trainer":
        assert check == "NONE"
        return
    assert "--start-period=20m" in check, "an engine build of 20 minutes is no illness"
    assert "healthcheck.py" in check


@each_dockerfile
def test_it_carries_its_bill_of_materials_and_pinned_libraries(dockerfile: Dockerfile) -> None:
    build = " ".join(command for stage in dockerfile.stages for command in stage.all("RUN"))
    assert "--output-file /opt/yardlight/sbom.cdx.json" in build
    assert "--constraint constraints.txt" in build


def test_tags_are_the_version_of_the_project() -> None:
    version = metadata.version("yardlight")
    for name in ("compose.yaml", "helm/Chart.yaml"):
        text = (FOLDER / name).read_text(encoding="utf-8")
        assert version in text
        assert not set(re.findall(r"yardlight-\w+:([\d.]+)", text)) - {version}
