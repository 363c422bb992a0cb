"""What a dashboard is, before it is Grafana's JSON."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from docs.monitoring.promql import rate, select
from docs.monitoring.runbook import Section
from edge.observe.definitions import Metric

Chart: TypeAlias = Literal["timeseries", "stat", "heatmap", "table"]
INTERVAL = "$__rate_interval"
"""Grafana puts the shortest window here that suits scrape interval and zoom."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a panel."""

    expr: str
    legend: str = ""
    """Of each series, with its labels as {{label}}."""
    empty: str = ""
    """Why a healthy service may give nothing here; empty if it always gives something."""
    exemplars: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart. `unit` is Grafana's word for it."""

    title: str
    description: str
    unit: str
    section: Section
    queries: tuple[Query, ...]
    chart: Chart = "timeseries"
    width: int = 12
    """Of 24 columns."""


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard; panels flow from left to right."""

    uid: str
    title: str
    description: str
    panels: tuple[Panel, ...]


def chosen(metric: Metric, suffix: str = "", **wanted: str) -> str:
    """The series of the jobs and instances that are chosen on top of the dashboard."""
    return select(metric, suffix, job='=~"$job"', instance='=~"$instance"', **wanted)


def chosen_rate(metric: Metric, suffix: str = "", **wanted: str) -> str:
    return rate(chosen(metric, suffix, **wanted), INTERVAL)
