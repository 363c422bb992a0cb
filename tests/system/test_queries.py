"""Every query of every panel and alert, asked of a real Prometheus that scrapes a service at work.

None may fail, and none may be empty but where `Query.empty` says why it may.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.monitoring.board import INTERVAL
from docs.monitoring.boards import BOARDS
from docs.monitoring.rules import ALERTS, recordings
from tests.integration.crewed import all_ready, crewed
from tests.integration.running import Command, get
from tests.integration.world import World
from tests.prometheus.server import QUICK, Prometheus, Refused
from tests.system.audited import auditor
from tests.system.load import Load
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
JOB = "yardlight-queries"
NO_GPU = "there is no GPU, no driver, or no nvidia-ml-py"
NO_CERTIFICATE = "no mutual TLS"
ABSENT = {NO_GPU, NO_CERTIFICATE, "nothing is wrong", "all of them send"}
"""Of the reasons for an empty panel, those that hold here; the service does what the others ask."""
PAGE_BYTES = 200_000


@pytest.fixture
def service(embedded_world: World, prometheus: Prometheus, tmp_path: Path) -> Iterator[Command]:
    """A service of two workers under load, with an auditor beside it, both scraped."""
    with (
        Load(embedded_world) as load,
        crewed(embedded_world, tmp_path / "log", "--camera-metrics", "64") as running,
        auditor(embedded_world, tmp_path / "audit.log") as auditing,
    ):
        load.broken = True
        all_ready(running)
        prometheus.scrape(JOB, running.url, auditing.url)
        yield running
        prometheus.scrape(JOB)


def panel_queries() -> dict[str, tuple[str, str]]:
    """Where each query stands, the query as Grafana would send it, and why it may be empty."""
    found = {}
    for board in BOARDS:
        for panel in board.panels:
            for number, query in enumerate(panel.queries):
                sent = query.expr.replace(INTERVAL, QUICK.window).replace("$job", JOB)
                where = f"{board.uid}: {panel.title} {'ABCD'[number]}"
                found[where] = (sent.replace("$instance", ".*"), query.empty)
    return found


def watched() -> dict[str, tuple[str, str]]:
    """What recording rules work out, and what alerts compare."""
    lacking = {"YardlightGpuThrottled": NO_GPU, "YardlightCertificateExpires": NO_CERTIFICATE}
    recorded = {it.name: (it.query, "") for it in recordings(QUICK)}
    return recorded | {alert.name: (alert.value, lacking.get(alert.name, "")) for alert in ALERTS}


def shows(series: list[dict[str, Any]]) -> bool:
    """Whether a panel would draw anything."""
    return any(not math.isnan(float(one["value"][1])) for one in series)


@pytest.mark.usefixtures("service")
def test_no_panel_and_no_alert_asks_in_vain(prometheus: Prometheus) -> None:
    asked = panel_queries() | watched()
    due = {where: query for where, (query, empty) in asked.items() if empty not in ABSENT}
    wait_until(lambda: all(shows(prometheus.query(query)) for query in due.values()), "every query")
    for where, (query, _) in asked.items():
        answer = prometheus.query(query)
        print(f"{where}: {len(answer)} series, such as {brief(answer)}")  # noqa: T201
    assert prometheus.unhealthy_rules() == []


def test_what_every_alert_asks_is_understood(prometheus: Prometheus) -> None:
    for alert in ALERTS:
        prometheus.query(alert.query)
    with pytest.raises(Refused, match="parse error"):
        prometheus.query("rate(yardlight_frames_total)[5m]")


@pytest.mark.usefixtures("service")
def test_slow_frames_lead_to_their_traces(prometheus: Prometheus) -> None:
    latency = f'yardlight_frame_latency_seconds_bucket{{job="{JOB}"}}'
    wait_until(lambda: len(prometheus.exemplars(latency)) > 0, "an exemplar")
    for exemplar in prometheus.exemplars(latency):
        assert re.fullmatch("[0-9a-f]{32}", exemplar["labels"]["trace_id"])


def test_a_page_with_cameras_is_small(service: Command) -> None:
    wait_until(lambda: service.metric('yardlight_camera_frames_total{camera="gate-3"}') > 0)
    _, page = get(f"{service.url}/metrics")
    assert len(page.encode()) < PAGE_BYTES


def brief(series: list[dict[str, Any]]) -> str:
    if not series:
        return "(none)"
    labels = {
        name: it for name, it in series[0]["metric"].items() if name not in ("job", "__name__")
    }
    return f"{labels} {series[0]['value'][1]}"
