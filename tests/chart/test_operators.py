"""What the operators are asked for is what their own definitions allow."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from docs.chart.rendered import VARIANTS
from tests.chart.resources import Resource, committed
from tests.chart.tools import KINDS, definition
from tests.loudly import NotHere, skip_loudly


@pytest.fixture(scope="module")
def definitions(request: pytest.FixtureRequest) -> dict[str, Path]:
    try:
        return {kind: definition(name) for kind, name in KINDS.items()} | {
            "scalers": definition("scalers-schema.json")
        }
    except NotHere as missing:
        skip_loudly(request.config, str(missing))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_operator_would_take_it(definitions: dict[str, Path], variant: str, kind: str) -> None:
    resource = committed(variant).get(kind)
    if resource is None:
        assert (variant, kind) == ("jetson", "ScaledObject")
        return
    assert problems(definitions[kind], resource) == []


def test_a_slip_would_be_found(definitions: dict[str, Path]) -> None:
    resource = committed("cpu")["ScaledObject"]
    resource["spec"]["maxReplicas"] = resource["spec"].pop("maxReplicaCount")
    assert any(
        "maxReplicas" in problem for problem in problems(definitions["ScaledObject"], resource)
    )


def test_the_trigger_has_the_parameters_that_kedas_kafka_scaler_knows(
    definitions: dict[str, Path],
) -> None:
    scalers = yaml.safe_load(definitions["scalers"].read_text(encoding="utf-8"))["scalers"]
    (kafka,) = [scaler for scaler in scalers if scaler["type"] == "kafka"]
    known = {parameter["name"]: parameter for parameter in kafka["parameters"]}
    (trigger,) = committed("cpu")["ScaledObject"]["spec"]["triggers"]
    for name, value in trigger["metadata"].items():
        assert value in known[name].get("allowedValue", [value])


def problems(path: Path, resource: Resource) -> list[str]:
    """What the API server would say, unknown fields included."""
    (version,) = [
        version
        for version in yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]["versions"]
        if version["name"] == resource["apiVersion"].partition("/")[2]
    ]
    schema = strict(version["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}
    return [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(resource)]


def strict(schema: Any) -> Any:
    """The same, refusing fields that it does not name."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict) and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made
