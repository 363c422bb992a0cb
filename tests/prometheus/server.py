"""A Prometheus that runs, and what it answers."""

import json
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, final

from docs.monitoring.rules import Pace, rules_document
from docs.monitoring.scraping import RULES, scrape_document
from docs.monitoring.yaml import document
from edge.kafka.embedded import free_port
from edge.process import TiedProcess
from tests.ending import finished
from tests.prometheus.package import Programs

_START_SECONDS = 60.0
QUICK = Pace(scrape="250ms", evaluate="250ms", window="4s", memory="1m", hold="1s")
"""The project's own configuration and rules, with shorter durations and nothing else changed."""


class Refused(Exception):  # noqa: N818 - it says what happened
    """Prometheus refused a query; the message is its own."""


@final
class Prometheus:
    """Prometheus with the project's configuration, for `with`, on a free port of 127.0.0.1."""

    def __init__(self, program: Path, pace: Pace = QUICK) -> None:
        self._program = program
        self._pace = pace
        self._folder = tempfile.TemporaryDirectory(prefix="yardlight-prometheus-")
        self._root = Path(self._folder.name)
        self._address = ""
        self._targets: dict[str, list[str]] = {}
        self._process: TiedProcess | None = None

    def __enter__(self) -> "Prometheus":
        for name, data in {
            "prometheus.yml": scrape_document(self._pace),
            RULES: rules_document(self._pace),
        }.items():
            (self._root / name).write_text(document(data, "for a test"), encoding="utf-8")
        (self._root / "targets").mkdir()
        self._address = f"127.0.0.1:{free_port()}"
        command = [
            str(self._program),
            f"--config.file={self._root / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._root / 'data'}",
            f"--web.listen-address={self._address}",
            "--enable-feature=exemplar-storage",
        ]
        self._process = TiedProcess("Prometheus", command, self._root / "log")
        try:
            self._process.start()
            self._process.wait_until(self._ready, _START_SECONDS)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def scrape(self, job: str, *urls: str) -> None:
        """Scrape these services from now on, under this name; none, and they are forgotten."""
        self._targets[job] = [url.removeprefix("http://") for url in urls]
        groups = [{"targets": at, "labels": {"job": job}} for job, at in self._targets.items()]
        path = self._root / "targets/yardlight.json"
        # Prometheus may read while it is written: put it in place at once.
        path.with_suffix(".new").write_text(json.dumps(groups), encoding="utf-8")
        path.with_suffix(".new").replace(path)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that a query gives now, each with `metric` and `value`.

        Raises:
            Refused: Prometheus says that the query is wrong.
        """
        found: list[dict[str, Any]] = self._ask("query", query=expression)["result"]
        return found

    def value(self, expression: str) -> float:
        """The one value that a query gives; NaN where it gives none."""
        found = self.query(expression)
        return float(found[0]["value"][1]) if len(found) == 1 else float("nan")

    def exemplars(self, expression: str) -> list[dict[str, Any]]:
        """Every exemplar that was kept."""
        series = self._ask("query_exemplars", query=expression, start="0", end="9999999999")
        return [exemplar for one in series for exemplar in one["exemplars"]]

    def firing(self, job: str) -> dict[str, str]:
        """Name and summary of the alerts that fire for a job."""
        alerts = self._ask("alerts")["alerts"]
        return {
            alert["labels"]["alertname"]: alert["annotations"]["summary"]
            for alert in alerts
            if alert["labels"]["job"] == job and alert["state"] == "firing"
        }

    def unhealthy_rules(self) -> list[str]:
        """What went wrong when rules were evaluated."""
        groups = self._ask("rules")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return [
            f"{rule['name']}: {rule.get('lastError')}" for rule in rules if rule["health"] == "err"
        ]

    def _end(self) -> None:
        if self._process is not None:
            self._process.stop()
        self._folder.cleanup()

    def _ask(self, what: str, **parameters: str) -> Any:
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(
                f"http://{self._address}/api/v1/{what}?{query}", timeout=30
            ) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise Refused(error.read().decode()) from error

    def _ready(self) -> bool:
        try:
            self._ask("status/buildinfo")
        except (OSError, Refused):
            return False
        return True


def promtool(programs: Programs, *words: str, folder: Path) -> str:
    """What promtool says; an AssertionError with it where it finds a fault."""
    command = [str(programs.promtool), *words]
    done = finished(command, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
