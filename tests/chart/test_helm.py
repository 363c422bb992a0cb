"""The chart in Helm's own hands: other values than those that are committed."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from docs.chart.rendered import helm, manifests, render
from tests.chart.resources import Resource, parsed, pod_of
from tests.loudly import skip_loudly

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.fixture(scope="module")
def program(request: pytest.FixtureRequest) -> Path:
    found = helm()
    if found is None:
        skip_loudly(request.config, "The chart was not rendered: make chart-check builds Helm.")
    return found


def rendered(program: Path, *values: str) -> dict[str, Resource]:
    done = render(program, *(word for value in values for word in ("--set", value)))
    assert done.returncode == 0, done.stderr
    return parsed(done.stdout)


def with_settings(program: Path, settings: dict[str, Any]) -> dict[str, Resource]:
    done = render(program, "--set-json", f"settings={json.dumps(settings)}")
    assert done.returncode == 0, done.stderr
    return parsed(done.stdout)


def refused(program: Path, *values: str) -> str:
    done = render(program, *(word for value in values for word in ("--set", value)))
    assert done.returncode != 0
    return done.stderr


def test_what_is_committed_is_what_would_be_rendered(program: Path) -> None:
    for path, text in manifests(program).items():
        assert path.read_text(encoding="utf-8") == text, f"{path} is out of date: make chart"


def test_the_grace_period_follows_the_drain_budget(program: Path) -> None:
    pod = pod_of(with_settings(program, {"drain-seconds": 29.5}))
    assert pod["terminationGracePeriodSeconds"] == 30 + 20


def test_settings_reach_the_service_as_they_were_written(program: Path) -> None:
    values = {"max-frame-bytes": 104857600, "latency-budget": 0.5, "gate": True, "max-age": "2s"}
    text = with_settings(program, values)["ConfigMap"]["data"]["yardlight.toml"]
    assert tomllib.loads(text) == {
        "bundle": "/bundle",
        "engine-cache": "/var/lib/yardlight/engines",
        "bootstrap-servers": "kafka:9092",
        "group": "yardlight",
        **values,
    }


def test_secrets_are_files_that_only_the_service_reads(program: Path) -> None:
    pod = pod_of(rendered(program, "secretName=kafka-login"))
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "secrets"]
    assert volume["secret"] == {"secretName": "kafka-login", "defaultMode": 0o400}
    (container,) = pod["containers"]
    assert all("secret" not in variable["name"].lower() for variable in container["env"])


def test_the_metrics_port_is_one_everywhere(program: Path) -> None:
    resources = rendered(program, "settings.metrics-port=9200", "podMonitor.enabled=true")
    (container,) = pod_of(resources)["containers"]
    assert [port["containerPort"] for port in container["ports"]] == [9200]


def test_a_group_of_its_own_is_a_job_of_its_own(program: Path) -> None:
    resources = rendered(program, "settings.group=gate", "podMonitor.enabled=true")
    (endpoint,) = resources["PodMonitor"]["spec"]["podMetricsEndpoints"]
    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": "yardlight-gate"}]


def test_scaling_without_the_number_of_partitions_is_refused(program: Path) -> None:
    assert "autoscaling.partitions must say" in refused(program, "autoscaling.enabled=true")


def test_a_daemon_set_cannot_be_scaled(program: Path) -> None:
    said = refused(
        program, "kind=DaemonSet", "autoscaling.enabled=true", "autoscaling.partitions=4"
    )
    assert "has as many pods as nodes" in said


@pytest.mark.parametrize("name", ["node", "member"])
@pytest.mark.parametrize("several", ["replicas=2", "kind=DaemonSet"])
def test_a_name_that_all_pods_would_have_is_refused(program: Path, name: str, several: str) -> None:
    said = refused(program, f"settings.{name}=box-1", several)
    assert f"settings.{name} would be the name of every pod" in said
    assert rendered(program, f"settings.{name}=box-1", "replicas=1")


def test_helm_names_the_key_that_it_does_not_know(program: Path) -> None:
    assert "'bootstrap-servrs'" in refused(program, "settings.bootstrap-servrs=kafka:9092")
