"""Prometheus's own tool accepts what is provisioned, and would notice a rule that is wrong."""

import shutil
from pathlib import Path

import pytest

from docs.monitoring.__main__ import ROOT
from tests.prometheus.package import Programs
from tests.prometheus.server import promtool

pytestmark = pytest.mark.slow
FOLDER = ROOT / "docker/prometheus"


def test_the_configuration_is_valid(prometheus_programs: Programs) -> None:
    said = promtool(prometheus_programs, "check", "config", "prometheus.yml", folder=FOLDER)
    assert "1 rule files found" in said


def test_the_rules_are_valid(prometheus_programs: Programs) -> None:
    said = promtool(prometheus_programs, "check", "rules", "rules.yml", folder=FOLDER)
    assert "rules found" in said


def test_each_alert_fires_in_its_fault_and_only_then(prometheus_programs: Programs) -> None:
    said = promtool(prometheus_programs, "test", "rules", "rules.test.yml", folder=FOLDER)
    assert "SUCCESS" in said


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("job:yardlight_frames:rate == 0", "job:yardlight_frames:rate < 0"),
        ("yardlight_consumer_lag_frames)", "yardlight_consumer_lag)"),
        ('reason!="power-cap"', 'reason!="power"'),
        ('for: "10m"', 'for: "50m"'),
    ],
)
def test_a_wrong_rule_is_noticed(
    prometheus_programs: Programs, tmp_path: Path, right: str, wrong: str
) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "prometheus")
    rules = folder / "rules.yml"
    text = rules.read_text(encoding="utf-8")
    assert right in text
    rules.write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(AssertionError, match="FAILED"):
        promtool(prometheus_programs, "test", "rules", "rules.test.yml", folder=folder)
