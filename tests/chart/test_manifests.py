"""What the chart promises, read from the manifests that it renders to."""

import kubernetes_validate
import pytest
import yaml

from docs.chart.rendered import VARIANTS, path, stale
from edge.settings.limits import LimitSettings
from tests.chart.resources import committed, pod_of

OPERATORS = {"ScaledObject", "PodMonitor"}
each_variant = pytest.mark.parametrize("variant", VARIANTS)


def test_the_manifests_are_those_of_this_chart() -> None:
    assert stale() == []


@each_variant
@pytest.mark.parametrize("kubernetes", ["1.29", "1.37"])
def test_kubernetes_knows_every_field(variant: str, kubernetes: str) -> None:
    for kind, resource in committed(variant).items():
        if kind not in OPERATORS:
            kubernetes_validate.validate(resource, kubernetes, strict=True)


@each_variant
def test_it_runs_as_nobody_in_particular_and_writes_to_its_volumes_only(variant: str) -> None:
    pod = pod_of(committed(variant))
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = {mount["name"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {"home", "tmp"}


@each_variant
def test_the_start_may_take_an_engine_build_of_twenty_minutes(variant: str) -> None:
    (container,) = pod_of(committed(variant))["containers"]
    probe = container["startupProbe"]
    assert probe["httpGet"]["path"] == "/health/startup"
    assert probe["failureThreshold"] * probe["periodSeconds"] > 20 * 60
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"


@each_variant
def test_a_pod_that_is_stopped_gets_its_drain_budget_and_more(variant: str) -> None:
    grace = pod_of(committed(variant))["terminationGracePeriodSeconds"]
    assert grace >= LimitSettings().drain_seconds + 15


@each_variant
def test_only_the_metrics_port_is_reached_and_only_names_and_brokers_are(variant: str) -> None:
    policy = committed(variant)["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert [port["port"] for rule in policy["ingress"] for port in rule["ports"]] == ["metrics"]
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == {53, 9092}


def test_a_gpu_node_gives_each_member_a_gpu_and_a_jetson_runs_one_member() -> None:
    (container,) = pod_of(committed("gpu"))["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    jetson = committed("jetson")
    assert "DaemonSet" in jetson
    assert pod_of(jetson)["runtimeClassName"] == "nvidia"
    assert {"PodDisruptionBudget", "ScaledObject"}.isdisjoint(jetson)


def test_a_pod_of_a_daemon_set_is_called_as_its_node_is_in_roll_outs() -> None:
    (container,) = pod_of(committed("jetson"))["containers"]
    (name,) = [it for it in container["env"] if it["name"] == "YARDLIGHT_NODE"]
    assert name["valueFrom"] == {"fieldRef": {"fieldPath": "spec.nodeName"}}


@pytest.mark.parametrize("variant", ["cpu", "gpu"])
def test_it_scales_on_the_groups_lag_up_to_the_partitions(variant: str) -> None:
    resources = committed(variant)
    scaled = resources["ScaledObject"]["spec"]
    assert scaled["scaleTargetRef"]["name"] == resources["Deployment"]["metadata"]["name"]
    assert "replicas" not in resources["Deployment"]["spec"], "KEDA decides on them"
    assert scaled["maxReplicaCount"] == 8
    settings = resources["ConfigMap"]["data"]["yardlight.toml"]
    (trigger,) = scaled["triggers"]
    assert trigger["metadata"]["consumerGroup"] == "yardlight"
    assert 'group = "yardlight"' in settings
    assert trigger["metadata"]["topic"] == "frames"


@each_variant
def test_manifests_are_plain_yaml(variant: str) -> None:
    text = path(variant).read_text(encoding="utf-8")
    assert all(resource is not None for resource in yaml.safe_load_all(text.lstrip()))
