"""docker/helm/values.schema.json: what may stand in the chart's values, settings included."""

from typing import Any

from docs.configuration.entries import Entry, entries
from edge.cli import app

Schema = dict[str, Any]
_KINDS = {str: "string", int: "integer", float: "number", bool: "boolean"}
_GIVEN_BY_THE_CHART = {"bundle", "engine-cache"}
_TEXT: Schema = {"type": "string"}
_NAME: Schema = {"type": "string", "minLength": 1}
_FLAG: Schema = {"type": "boolean"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_POSITIVE: Schema = {"type": "integer", "minimum": 1}
# Parts of a pod that Kubernetes itself has a schema for.
_KUBERNETES: Schema = {"type": "object"}
_LIST: Schema = {"type": "array"}


def values_schema() -> Schema:
    """Every key that the chart knows; any other is refused by its name."""
    parts = {
        "global": _KUBERNETES,
        "kind": {"enum": ["Deployment", "DaemonSet"]},
        "replicas": _COUNT,
        "image": _object(
            repository=_TEXT, tag=_TEXT, pullPolicy={"enum": ["Always", "IfNotPresent", "Never"]}
        ),
        "imagePullSecrets": _LIST,
        "bundle": _object(path={"type": "string", "pattern": "^/"}, volume=_KUBERNETES),
        "settings": _settings(),
        "secretName": _TEXT,
        "cache": _KUBERNETES,
        "gpu": _object(count=_COUNT, resource=_NAME, runtimeClassName=_TEXT),
        "engineBuildMinutes": _POSITIVE,
        "rollingUpdate": _KUBERNETES,
        "resources": _KUBERNETES,
        "podLabels": _KUBERNETES,
        "podAnnotations": _KUBERNETES,
        "nodeSelector": _KUBERNETES,
        "tolerations": _LIST,
        "affinity": _KUBERNETES,
        "priorityClassName": _TEXT,
        "user": _POSITIVE,
        "podDisruptionBudget": _object(
            enabled=_FLAG, maxUnavailable={"type": ["integer", "string"]}
        ),
        "networkPolicy": _object(
            enabled=_FLAG, scrapers=_LIST, brokers=_LIST, brokerPorts=_LIST, otherEgress=_LIST
        ),
        "podMonitor": _object(enabled=_FLAG, labels=_KUBERNETES, interval=_TEXT),
        "autoscaling": _object(
            enabled=_FLAG,
            partitions=_COUNT,
            minReplicas=_COUNT,
            lagThreshold=_POSITIVE,
            pollingSeconds=_POSITIVE,
            cooldownSeconds=_POSITIVE,
            authentication=_TEXT,
        ),
    }
    return {"$schema": "http://json-schema.org/draft-07/schema#"} | _object(**parts)


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _settings() -> Schema:
    """Every setting of `yardlight-edge run`, but what the chart says itself."""
    known = [entry for entry in entries(app, "run") if entry.name not in _GIVEN_BY_THE_CHART]
    return _object(**{entry.name: _setting(entry) for entry in known})


def _setting(entry: Entry) -> Schema:
    if entry.choices:
        return {"enum": list(entry.choices), "description": entry.help}
    return {"type": _KINDS[entry.kind], "description": entry.help}
