"""A real API server takes the chart whole: nothing refused, nothing dropped, nothing left."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.chart.rendered import CHART, VARIANTS, helm
from tests.brokers.topics import unique
from tests.chart.cluster import OwnCluster
from tests.chart.resources import committed
from tests.chart.server import Refused, Server
from tests.chart.tools import KINDS, definition
from tests.loudly import NotHere, skip_loudly
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
each_variant = pytest.mark.parametrize("variant", VARIANTS)
# The strictest that Kubernetes has. A Jetson's pods need folders of their node, which it forbids.
_RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """With the kinds of the operators that the chart asks for."""
    try:
        definitions = {kind: definition(name) for kind, name in KINDS.items()}
        with OwnCluster() as server:
            for path in definitions.values():
                server.apply(yaml.safe_load(path.read_text(encoding="utf-8")), "")
            for version, kind in _kinds_of("cpu"):
                wait_until(lambda v=version, k=kind: server.knows(v, k), kind)  # type: ignore[misc]
            yield server
    except NotHere as missing:
        skip_loudly(request.config, str(missing))


@pytest.fixture
def namespace(server: Server) -> str:
    name = unique("check")
    labels = {"labels": _RESTRICTED, "name": name}
    server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": labels}, "")
    return name


@each_variant
def test_each_resource_is_taken_and_kept_as_it_was_written(
    server: Server, namespace: str, variant: str
) -> None:
    for kind, resource in committed(variant).items():
        kept = server.apply(resource, namespace)
        assert lost(resource, kept) == [], kind
        assert lost(resource, server.read(resource, namespace)) == [], kind
    for resource in committed(variant).values():
        server.delete(resource, namespace)
    assert left(server, namespace, variant) == []


@each_variant
def test_applying_it_again_changes_nothing(server: Server, namespace: str, variant: str) -> None:
    for kind, resource in committed(variant).items():
        first, second = (server.apply(resource, namespace) for _ in range(2))
        assert first["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"], kind


@pytest.mark.parametrize("variant", ["cpu", "gpu"])
def test_its_pods_are_admitted_where_the_strictest_standard_is_enforced(
    server: Server, namespace: str, variant: str
) -> None:
    template = committed(variant)["Deployment"]["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"] = {**template["metadata"], "name": "one"}
    assert server.create(pod, namespace)["metadata"]["name"] == "one"
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    pod["metadata"]["name"] = "another"
    with pytest.raises(Refused, match='violates PodSecurity "restricted') as refused:
        server.create(pod, namespace)
    assert refused.value.status == 403


def test_a_field_that_is_not_there_is_refused(server: Server, namespace: str) -> None:
    scaled = committed("cpu")["ScaledObject"]
    scaled["spec"]["maxReplicas"] = scaled["spec"].pop("maxReplicaCount")
    with pytest.raises(Refused, match="maxReplicas"):
        server.apply(scaled, namespace)


def test_a_value_of_another_type_is_refused(server: Server, namespace: str) -> None:
    budget = committed("cpu")["PodDisruptionBudget"]
    budget["spec"]["selector"]["matchLabels"] = ["yardlight"]
    with pytest.raises(Refused):
        server.apply(budget, namespace)


@each_variant
def test_helm_installs_it_upgrades_it_and_leaves_nothing(
    server: Server, namespace: str, variant: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    program = helm()
    if program is None:
        skip_loudly(pytestconfig, "The chart was not installed: make chart-check builds Helm.")
    words = ("--namespace", namespace, "--kubeconfig", str(server.kubeconfig(tmp_path)))
    values = VARIANTS[variant]
    _helm(program, "install", "yardlight", ".", *values, *words)
    resources = committed(variant)
    for kind, resource in resources.items():
        assert lost(resource, server.read(resource, namespace)) == [], kind
    drain = json.dumps({"drain-seconds": 45})
    _helm(program, "upgrade", "yardlight", ".", *values, "--set-json", f"settings={drain}", *words)
    workload = resources.get("Deployment") or resources["DaemonSet"]
    upgraded = server.read(workload, namespace)
    assert upgraded["metadata"]["generation"] == 2
    assert upgraded["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 45 + 20
    settings = server.read(resources["ConfigMap"], namespace)["data"]["yardlight.toml"]
    assert "drain-seconds = 45" in settings
    _helm(program, "uninstall", "yardlight", *words)
    assert left(server, namespace, variant) == []


def test_with_autoscaling_an_upgrade_keeps_the_pods_that_there_are(
    server: Server, namespace: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    program = helm()
    if program is None:
        skip_loudly(pytestconfig, "The chart was not installed: make chart-check builds Helm.")
    words = ("--namespace", namespace, "--kubeconfig", str(server.kubeconfig(tmp_path)))
    scaling = ("--set", "autoscaling.enabled=true,autoscaling.partitions=8")
    _helm(program, "install", "yardlight", ".", "--set", "replicas=3", *words)
    deployment = committed("cpu")["Deployment"]
    assert server.read(deployment, namespace)["spec"]["replicas"] == 3
    _helm(program, "upgrade", "yardlight", ".", "--reuse-values", *scaling, *words)
    assert server.read(deployment, namespace)["spec"]["replicas"] == 3
    server.scale(deployment, namespace, 5)
    _helm(program, "upgrade", "yardlight", ".", "--reuse-values", "--set", "user=10002", *words)
    assert server.read(deployment, namespace)["spec"]["replicas"] == 5


def lost(sent: Any, kept: Any, where: str = "") -> list[str]:
    """What was sent and is not kept so; the server may add to it."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        return [
            path
            for key, value in sent.items()
            for path in lost(value, kept.get(key), f"{where}.{key}")
        ]
    if isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        pairs = enumerate(zip(sent, kept, strict=True))
        return [path for n, pair in pairs for path in lost(*pair, f"{where}[{n}]")]
    # What is empty says nothing and is left out; a quantity that is a number is kept as text.
    same = sent == kept or str(sent) == kept or (kept is None and sent in ({}, []))
    return [] if same else [f"{where}: {sent}"]


def left(server: Server, namespace: str, variant: str) -> list[str]:
    """Names of all resources in the namespace, of the kinds that the chart makes."""
    return [
        name
        for version, kind in _kinds_of(variant)
        for name in server.names(version, kind, namespace)
    ]


def _kinds_of(variant: str) -> list[tuple[str, str]]:
    return [(one["apiVersion"], kind) for kind, one in committed(variant).items()]


def _helm(program: Path, *words: str) -> None:
    done = subprocess.run(
        [str(program), *words], cwd=CHART, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
