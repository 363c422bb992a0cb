"""What the chart rendered to, by kind."""

from typing import Any

import yaml

from docs.chart.rendered import path

Resource = dict[str, Any]


def parsed(text: str) -> dict[str, Resource]:
    """The resources of a rendered chart, one of each kind."""
    found = [resource for resource in yaml.safe_load_all(text) if resource]
    by_kind = {resource["kind"]: resource for resource in found}
    assert len(by_kind) == len(found)
    return by_kind


def committed(variant: str) -> dict[str, Resource]:
    return parsed(path(variant).read_text(encoding="utf-8"))


def pod_of(resources: dict[str, Resource]) -> Resource:
    workload = resources.get("Deployment") or resources["DaemonSet"]
    spec = workload["spec"]["template"]["spec"]
    assert isinstance(spec, dict)
    return spec
