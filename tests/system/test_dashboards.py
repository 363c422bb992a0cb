"""The dashboards are what Grafana itself says that a dashboard is.

Grafana is not started here: its server is not to be had by name. What every panel asks is asked of
a real Prometheus in `test_queries`.
"""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from docs.monitoring.__main__ import ROOT
from tests.grafana.schema import dashboard_schema
from tests.loudly import NotHere, skip_loudly

pytestmark = pytest.mark.slow
FILES = sorted((ROOT / "docker/grafana/dashboards").glob("*.json"))


@pytest.fixture(scope="module")
def schema(pytestconfig: pytest.Config) -> dict[str, Any]:
    try:
        return dashboard_schema()
    except NotHere as reason:
        skip_loudly(pytestconfig, str(reason))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dashboard_is_what_grafana_expects(path: Path, schema: dict[str, Any]) -> None:
    jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), schema)


def test_a_wrong_dashboard_would_be_noticed(schema: dict[str, Any]) -> None:
    board = json.loads(FILES[0].read_text(encoding="utf-8"))
    board["panels"][0]["titel"] = "a typing error"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(board, schema)
