"""Rules, dashboards and their runbook hang together, and with the metrics that there are."""

import json
import re
import sys
from dataclasses import replace
from typing import Any

import pytest

from docs.monitoring import __main__ as monitoring
from docs.monitoring.board import Board, Panel
from docs.monitoring.boards import BOARDS
from docs.monitoring.promql import select
from docs.monitoring.rule_cases import CASES
from docs.monitoring.rules import ALERTS, Pace, recordings, rules_document
from docs.monitoring.runbook import Section, texts
from edge.observe import definitions as m
from tests.ending import finished

PANELS = [(board, panel) for board in BOARDS for panel in board.panels]
RENAMED = """
import runpy, sys
from dataclasses import replace
from edge.observe import definitions
definitions.FRAMES = replace(definitions.FRAMES, name="yardlight_pictures")
sys.argv[1:] = ["--check"]
runpy.run_module("docs.monitoring", run_name="__main__")
"""
each_panel = pytest.mark.parametrize(
    ("board", "panel"), PANELS, ids=[f"{board.uid}-{panel.title}" for board, panel in PANELS]
)


def test_what_is_committed_is_what_would_be_generated() -> None:
    for path, text in monitoring.documents().items():
        assert path.read_text(encoding="utf-8") == text, f"{path} is out of date"


def test_a_renamed_metric_breaks_the_build() -> None:
    done = finished(
        [sys.executable, "-c", RENAMED],
        cwd=monitoring.ROOT,
    )
    assert done.returncode == 1
    for stale in ("rules.yml", "rules.test.yml", "metrics.md", "fleet.json", "pipeline.json"):
        assert f"{stale} is out of date: make monitoring" in done.stderr
    assert "cameras.json" not in done.stderr


def test_a_label_that_a_metric_lost_is_named() -> None:
    with pytest.raises(ValueError, match="yardlight_frames has no label outcome"):
        select(replace(m.FRAMES, labels=()), outcome='="classified"')


@pytest.mark.parametrize(("metric", "suffix"), [(m.FRAMES, "_bucket"), (m.FRAME_LATENCY, "")])
def test_samples_that_a_metric_does_not_have_are_named(metric: m.Metric, suffix: str) -> None:
    with pytest.raises(ValueError, match=f"it has no samples '{suffix}'"):
        select(metric, suffix)


def test_queries_name_only_series_that_there_are() -> None:
    suffixes = {"histogram": ("_bucket", "_sum", "_count")}
    listed = {it.series + suffix for it in m.ALL for suffix in suffixes.get(it.kind, ("",))}
    recorded = {it.name for it in recordings(Pace())}
    queries = [query.expr for _, panel in PANELS for query in panel.queries]
    queries += [alert.query for alert in ALERTS] + [it.query for it in recordings(Pace())]
    for query in queries:
        assert set(re.findall(r"[\w:]*yardlight_\w+(?::\w+)?", query)) <= listed | recorded


@each_panel
def test_a_panel_has_a_unit_a_description_and_its_runbook(board: Board, panel: Panel) -> None:
    path = monitoring.ROOT / f"docker/grafana/dashboards/{board.uid}.json"
    panels = json.loads(path.read_text(encoding="utf-8"))["panels"]
    (shown,) = [it for it in panels if it["title"] == panel.title]
    assert shown["description"].endswith(".")
    assert shown["fieldConfig"]["defaults"]["unit"]
    (link,) = shown["links"]
    assert link["url"] == f"/d/yardlight-runbook/runbook?viewPanel={panel.section.number}"


def test_panels_do_not_overlap_and_have_numbers_of_their_own() -> None:
    for board in BOARDS:
        path = monitoring.ROOT / f"docker/grafana/dashboards/{board.uid}.json"
        panels = json.loads(path.read_text(encoding="utf-8"))["panels"]
        cells = [
            (at["x"] + x, at["y"] + y)
            for at in (panel["gridPos"] for panel in panels)
            for x in range(at["w"])
            for y in range(at["h"])
        ]
        assert len(cells) == len(set(cells))
        assert len({panel["id"] for panel in panels}) == len(panels)


def test_every_alert_has_a_case_and_a_section_that_says_what_to_do() -> None:
    assert {case.alert for case in CASES} == {alert.name for alert in ALERTS}
    written = texts()
    for alert in ALERTS:
        section = written[alert.section]
        assert all(f"**{word}**" in section for word in ("Means", "See", "Do"))


def test_every_section_is_led_to() -> None:
    led_to = {panel.section for _, panel in PANELS} | {alert.section for alert in ALERTS}
    assert led_to == set(Section)


def test_a_shorter_pace_changes_no_alert() -> None:
    """What is shown to fire in tests is what fires in a yard."""
    assert expressions(Pace()) == expressions(Pace("1s", "1s", "4s", "1m", hold="1s"))


def expressions(pace: Pace) -> list[str]:
    rules: Any = rules_document(pace)
    return [rule["expr"] for rule in rules["groups"][1]["rules"]]
