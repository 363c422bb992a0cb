"""Values are refused by the key that is wrong, before anything is applied."""

import json
from typing import Any

import jsonschema
import pytest
import yaml

from docs.chart.rendered import CHART
from docs.chart.schema import values_schema

SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))


def complaints(values: dict[str, Any]) -> str:
    errors = jsonschema.Draft7Validator(SCHEMA).iter_errors(values)
    return "\n".join(f"{list(error.absolute_path)}: {error.message}" for error in errors)


@pytest.mark.parametrize("name", ["values.yaml", "values-gpu.yaml", "values-jetson.yaml"])
def test_the_charts_own_values_are_fine(name: str) -> None:
    assert complaints(yaml.safe_load((CHART / name).read_text(encoding="utf-8"))) == ""


def test_the_schema_knows_the_settings_that_there_are() -> None:
    assert values_schema() == SCHEMA
    assert {"max-age", "drain-seconds", "sasl-password-file"} <= set(
        SCHEMA["properties"]["settings"]["properties"]
    )


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"replica": 3}, "'replica' was unexpected"),
        ({"settings": {"bootstrap-server": "kafka:9092"}}, "'bootstrap-server' was unexpected"),
        ({"settings": {"bundle": "/elsewhere"}}, "'bundle' was unexpected"),
        ({"settings": {"overload": "drop"}}, "['settings', 'overload']: 'drop' is not one of"),
        ({"settings": {"drain-seconds": "5s"}}, "['settings', 'drain-seconds']: '5s'"),
        ({"autoscaling": {"lagThreshold": 0}}, "['autoscaling', 'lagThreshold']: 0"),
        ({"gpu": {"count": "one"}}, "['gpu', 'count']: 'one'"),
        ({"kind": "StatefulSet"}, "['kind']: 'StatefulSet'"),
    ],
)
def test_a_slip_is_named(values: dict[str, Any], named: str) -> None:
    assert named in complaints(values)
