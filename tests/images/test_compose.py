"""The whole yard in one command: the file is what Compose takes, and its parts fit together."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.monitoring.rules import Pace
from docs.monitoring.scraping import scrape_document
from edge.settings.limits import LimitSettings
from tests.ending import finished
from tests.images.dockerfile import FOLDER

COMPOSE = FOLDER / "compose.yaml"
PROFILES = ("cpu", "gpu", "jetson")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    loaded = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    found = loaded["services"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("compose-spec", [COMPOSE]),
        ("github-workflows", sorted((FOLDER.parent / ".github/workflows").glob("*.yaml"))),
    ],
)
def test_it_is_what_its_schema_says(schema: str, files: list[Path]) -> None:
    command = [str(Path(sys.executable).with_name("check-jsonschema"))]
    words = ["--builtin-schema", f"vendor.{schema}", *map(str, files)]
    done = finished(command + words)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_is_all_of_it_on_one_kind_of_machine(
    services: dict[str, Any], profile: str
) -> None:
    up = {
        name for name, service in services.items() if profile in service.get("profiles", [profile])
    }
    assert up == {"kafka", "cameras", "prometheus", "grafana", f"yardlight-{profile}"}
    service = services[f"yardlight-{profile}"]
    assert service["networks"]["default"]["aliases"] == ["yardlight"]
    assert (FOLDER.parent / service["build"]["dockerfile"]).exists()


@pytest.mark.parametrize("name", ["yardlight-cpu", "yardlight-gpu", "yardlight-jetson", "cameras"])
def test_what_meets_frames_can_do_little_else(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_stopping_waits_for_the_drain_budget(services: dict[str, Any]) -> None:
    seconds = float(services["yardlight-cpu"]["stop_grace_period"].rstrip("s"))
    assert seconds >= LimitSettings().drain_seconds + 15


def test_every_file_that_is_mounted_is_there(services: dict[str, Any]) -> None:
    mounts = [mount for service in services.values() for mount in service.get("volumes", [])]
    files = [mount.split(":")[0] for mount in mounts if mount.startswith(".")]
    assert len(files) >= 6
    for file in files:
        assert (FOLDER / file).exists(), file


def test_prometheus_finds_its_rules_and_the_service(services: dict[str, Any]) -> None:
    mounted = dict(mount.split(":")[:2] for mount in services["prometheus"]["volumes"])
    places = set(mounted.values())
    document = scrape_document(Pace())
    assert isinstance(document, dict)
    assert {f"/etc/prometheus/{name}" for name in document["rule_files"]} <= places
    (targets,) = json.loads((FOLDER / "compose/targets/yardlight.json").read_text("utf-8"))
    assert targets == {"targets": ["yardlight:9108"]}


def test_images_are_pinned(services: dict[str, Any]) -> None:
    for service in services.values():
        tag = service["image"].rpartition(":")[2]
        assert any(character.isdigit() for character in tag), service["image"]
