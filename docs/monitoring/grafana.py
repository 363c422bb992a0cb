"""Dashboards as Grafana's JSON, and the files by which Grafana takes them up."""

from collections.abc import Sequence
from typing import Any

from docs.monitoring.board import Board, Panel, Query
from docs.monitoring.runbook import BOARD, Section
from edge.observe import definitions as m

SCHEMA = 39
"""Version of the dashboard format: Grafana 11's. Newer ones migrate it when they load it."""
SOURCE = {"type": "prometheus", "uid": "yardlight-prometheus"}
FOLDER = "/var/lib/grafana/dashboards/yardlight"
_HEIGHT = 8
_COLUMNS = 24


def dashboard(board: Board) -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    places = _flow([panel.width for panel in board.panels])
    panels = [
        _panel(panel, number, place)
        for number, (panel, place) in enumerate(zip(board.panels, places, strict=True), start=1)
    ]
    variables = [_variable("job", ""), _variable("instance", '{job=~"$job"}')]
    return _frame(board.uid, board.title, board.description, panels, variables)


def runbook(texts: dict[Section, str]) -> dict[str, Any]:
    """The runbook as a dashboard of texts: it is there where the internet is not."""
    places = _flow([_COLUMNS] * len(texts))
    panels = [
        {
            "id": section.number,
            "type": "text",
            "title": section.value,
            "gridPos": place,
            "options": {"mode": "markdown", "content": text},
        }
        for (section, text), place in zip(texts.items(), places, strict=True)
    ]
    about = "For each alert: what it means, how to see it, what to do."
    return _frame(BOARD, "Yardlight: Runbook", about, panels, [])


def data_source() -> dict[str, Any]:
    """Provisioning of Prometheus as a data source."""
    source = {
        "name": "Yardlight",
        "type": SOURCE["type"],
        "uid": SOURCE["uid"],
        "access": "proxy",
        "url": "http://prometheus:9090",
        "jsonData": {"timeInterval": "5s", "httpMethod": "POST"},
    }
    return {"apiVersion": 1, "datasources": [source]}


def provider() -> dict[str, Any]:
    """Provisioning of the dashboards from their files."""
    files = {
        "name": "yardlight",
        "folder": "Yardlight",
        "type": "file",
        "allowUiUpdates": False,
        "options": {"path": FOLDER},
    }
    return {"apiVersion": 1, "providers": [files]}


def _frame(
    uid: str, title: str, about: str, panels: Sequence[object], variables: Sequence[object]
) -> dict[str, Any]:
    return {
        "uid": uid,
        "title": title,
        "description": about,
        "tags": ["yardlight"],
        "schemaVersion": SCHEMA,
        "editable": False,
        "timezone": "browser",
        "time": {"from": "now-1h", "to": "now"},
        "refresh": "10s",
        "links": [_link("Yardlight", tags=["yardlight"])],
        "templating": {"list": list(variables)},
        "panels": list(panels),
    }


def _link(title: str, url: str = "", tags: Sequence[str] = ()) -> dict[str, Any]:
    """To an address, or to all dashboards with these tags."""
    return {
        "title": title,
        "type": "dashboards" if tags else "link",
        "icon": "external link",
        "tooltip": "",
        "url": url,
        "tags": list(tags),
        "asDropdown": False,
        "targetBlank": False,
        "includeVars": bool(tags),
        "keepTime": bool(tags),
    }


def _variable(name: str, within: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "query",
        "datasource": SOURCE,
        "query": f"label_values({m.BUILD.series}{within}, {name})",
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    made = {
        "id": number,
        "type": panel.chart,
        "title": panel.title,
        "description": panel.description,
        "gridPos": place,
        "datasource": SOURCE,
        "links": [_link(f"Runbook: {panel.section.value}", panel.section.panel_url)],
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "options": _OPTIONS[panel.chart] | _axis(panel),
        "targets": [
            _target(query, panel, chr(ord("A") + index))
            for index, query in enumerate(panel.queries)
        ],
    }
    if panel.chart == "table":
        hidden = {"Time": True, "Value": True, "__name__": True}
        made["transformations"] = [{"id": "organize", "options": {"excludeByName": hidden}}]
    return made


def _target(query: Query, panel: Panel, name: str) -> dict[str, Any]:
    at_once = panel.chart in ("stat", "table")
    return {
        "refId": name,
        "datasource": SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend,
        "format": {"table": "table", "heatmap": "heatmap"}.get(panel.chart, "time_series"),
        "instant": at_once,
        "range": not at_once,
        "exemplar": query.exemplars,
    }


def _axis(panel: Panel) -> dict[str, Any]:
    return {"yAxis": {"unit": panel.unit}} if panel.chart == "heatmap" else {}


def _flow(widths: Sequence[int]) -> list[dict[str, int]]:
    """From left to right, and on in the next row where one does not fit."""
    places, x, y = [], 0, 0
    for width in widths:
        if x + width > _COLUMNS:
            x, y = 0, y + _HEIGHT
        places.append({"x": x, "y": y, "w": width, "h": _HEIGHT})
        x += width
    return places


_OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "value_and_name",
        "colorMode": "none",
        "graphMode": "none",
    },
    "heatmap": {
        "calculate": False,
        "color": {"mode": "scheme", "scheme": "Blues", "steps": 64},
        "legend": {"show": True},
    },
    "table": {"showHeader": True},
}
