"""Who may publish: one workflow, by a tag, without a token that could be stolen."""

from typing import Any

import yaml

from tests.packaging.distributions import ROOT

RELEASE = ROOT / ".github/workflows/release.yaml"


def _workflow() -> dict[Any, Any]:
    loaded = yaml.safe_load(RELEASE.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_it_publishes_by_trusted_publishing_and_knows_no_secret() -> None:
    publish = _workflow()["jobs"]["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["environment"] == "pypi"
    text = RELEASE.read_text(encoding="utf-8")
    assert "secrets." not in text
    assert "password" not in text


def test_only_what_was_built_and_tried_is_published() -> None:
    jobs = _workflow()["jobs"]
    assert jobs["publish"]["needs"] == "build"
    assert "build" not in str(jobs["publish"]["steps"]), "it publishes what the other job made"
    assert any("wheel-check" in step.get("run", "") for step in jobs["build"]["steps"])


def test_it_runs_for_tags_alone() -> None:
    # YAML 1.1 reads the key `on` as a boolean.
    assert _workflow()[True] == {"push": {"tags": ["v*"]}}
