"""The state of a slot as a table, and for machines."""

import json
from collections.abc import Sequence

import msgspec
from rich.markup import escape
from rich.table import Table

from deploy.bundle.printable import printable
from edge.rollout.roster import shared_names
from edge.rollout.words import Desired, Figures, NodeStatus


def wanted_text(desired: Desired | None, slot: str) -> str:
    """What is wanted, in a line."""
    if desired is None:
        return f"slot {slot}: nothing was rolled out yet"
    return printable(
        f"slot {slot}: generation {desired.generation}, {desired.uri} ({short(desired.digest)}), "
        f"since {desired.issued_at}"
    )


def step_text(one: NodeStatus) -> str:
    """What a node does now, in a line."""
    said = (one.node, one.state, figures_text(one.figures), one.reason)
    return printable(": ".join(filter(None, said)))


def warnings_of(nodes: Sequence[NodeStatus]) -> list[str]:
    """A line for each name that is no longer one node's."""
    return [
        f"{count} services call themselves {name}, and each hides what the other says: give each a "
        "--node of its own"
        for name, count in shared_names(nodes).items()
    ]


def table_of(nodes: Sequence[NodeStatus], desired: Desired | None) -> Table:
    """A line for each node. One that is at another generation than is wanted shows it."""
    table = Table("node", "generation", "state", "serves", "figures", "heard of", "why")
    shared = shared_names(nodes)
    for one in nodes:
        behind = desired is not None and one.generation != desired.generation
        cells = (
            f"{one.node} ({one.instance})" if one.node in shared else one.node,
            f"{one.generation} (behind)" if behind else str(one.generation),
            one.state,
            short(one.serving),
            figures_text(one.figures),
            one.at,
            one.reason,
        )
        table.add_row(*(escape(printable(cell)) for cell in cells))
    return table


def document_of(nodes: Sequence[NodeStatus], desired: Desired | None, slot: str) -> str:
    """One JSON document."""
    said = {
        "slot": slot,
        "desired": None if desired is None else msgspec.to_builtins(desired),
        "nodes": [msgspec.to_builtins(one) for one in nodes],
        "shared_names": shared_names(nodes),
    }
    return json.dumps(said, indent=2)


def figures_text(figures: Figures) -> str:
    if not figures.frames:
        return ""
    parts = [f"{figures.frames} frames"]
    if figures.agreement is not None:
        parts.append(f"{figures.agreement:.1%} agree")
    if figures.latency_ratio is not None:
        parts.append(f"time x{figures.latency_ratio:.2f}")
    if figures.errors:
        parts.append(f"{figures.errors} failed")
    return ", ".join(parts)


def short(digest: str) -> str:
    """Enough of a digest to tell bundles apart."""
    return digest.removeprefix("sha256:")[:12]
