"""Whom Prometheus scrapes, and which rules it follows."""

from docs.monitoring.rules import Pace
from docs.monitoring.yaml import Plain

RULES = "rules.yml"


def scrape_document(pace: Pace) -> Plain:
    """prometheus.yml. Targets are files beside it, so that a new node needs no restart."""
    return {
        "global": {"scrape_interval": pace.scrape, "evaluation_interval": pace.evaluate},
        "rule_files": [RULES],
        "scrape_configs": [_job("yardlight"), _job("yardlight-audit")],
    }


def _job(name: str) -> Plain:
    return {"job_name": name, "file_sd_configs": [{"files": [f"targets/{name}.json"]}]}
