"""Wishes and batches made by hand, for the tests of roll-outs."""

from collections.abc import Sequence
from dataclasses import replace

from edge.frame import Stamps
from edge.outcome import Classified, Outcome
from edge.rollout.words import (
    ORDER_SCHEMA,
    STATUS_SCHEMA,
    Bounds,
    Desired,
    Figures,
    NodeStatus,
    ShadowPlan,
    State,
)
from tests.frames import dead, make_frame


def digest(letter: str) -> str:
    return f"sha256:{letter * 64}"


def desired(generation: int, letter: str = "a", slot: str = "yard") -> Desired:
    return Desired(
        schema=ORDER_SCHEMA,
        slot=slot,
        uri=f"/bundles/{letter}",
        digest=digest(letter),
        generation=generation,
        issued_at="2026-11-27T22:00:00Z",
        shadow=ShadowPlan(40, 0.5),
        bounds=Bounds(),
    )


def status(
    node: str,
    state: State,
    at: str = "2026-11-27T22:00:00Z",
    generation: int = 2,
    instance: str = "",
) -> NodeStatus:
    return NodeStatus(
        schema=STATUS_SCHEMA,
        slot="yard",
        node=node,
        generation=generation,
        digest=digest("a"),
        state=state,
        reason="",
        serving="",
        figures=Figures(),
        at=at,
        instance=instance,
    )


def batch(labels: Sequence[str], seconds: float = 0.01) -> list[Outcome]:
    """The outcomes of one run that took so long; an empty label is a frame that it failed on."""
    outcomes: list[Outcome] = []
    for offset, label in enumerate(labels):
        frame = make_frame(offset)
        frame = replace(frame, stamps=Stamps(1, 1, 2, 2, started=2, inferred=2 + seconds))
        if label:
            outcomes.append(Classified(frame, {label: 1.0}))
        else:
            outcomes.append(dead(frame, "engine-failed"))
    return outcomes
