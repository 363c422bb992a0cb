"""Writes docker/prometheus, docker/grafana and docs/metrics.md. `--check` only compares."""

import json
import sys
from pathlib import Path

from docs.generated import write_or_check
from docs.monitoring import grafana
from docs.monitoring.boards import BOARDS
from docs.monitoring.reference import reference
from docs.monitoring.rule_cases import cases_document
from docs.monitoring.rules import Pace, rules_document
from docs.monitoring.runbook import BOARD, texts
from docs.monitoring.scraping import scrape_document
from docs.monitoring.yaml import document

ROOT = Path(__file__).parents[2]
REMEDY = "make monitoring"
_COMMENT = f"Generated from docs/monitoring: {REMEDY}"


def documents() -> dict[Path, str]:
    """What each generated file should hold."""
    prometheus, provisioning = ROOT / "docker/prometheus", ROOT / "docker/grafana/provisioning"
    yaml = {
        prometheus / "prometheus.yml": scrape_document(Pace()),
        prometheus / "rules.yml": rules_document(Pace()),
        prometheus / "rules.test.yml": cases_document(),
        provisioning / "datasources/yardlight.yaml": grafana.data_source(),
        provisioning / "dashboards/yardlight.yaml": grafana.provider(),
    }
    boards = {board.uid: grafana.dashboard(board) for board in BOARDS}
    boards[BOARD] = grafana.runbook(texts())
    return {
        ROOT / "docs/metrics.md": reference(),
        **{path: document(data, _COMMENT) for path, data in yaml.items()},
        **{
            ROOT / f"docker/grafana/dashboards/{name}.json": json.dumps(board, indent=2) + "\n"
            for name, board in boards.items()
        },
    }


if __name__ == "__main__":
    sys.exit(write_or_check(documents(), REMEDY))
