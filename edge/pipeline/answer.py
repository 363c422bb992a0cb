"""What a frame is before the network sees it, and what becomes of the network's answer."""

import numpy as np

from deploy.bundle.errors import BadFrame
from edge.frame import Frame
from edge.freshness import Freshness
from edge.outcome import Classified, DeadLettered, Skipped
from edge.pipeline.bisection import Row


def screen(frame: Frame, freshness: Freshness) -> bytes | Skipped | DeadLettered:
    """The frame's bytes, if they are to be looked at; `taken` has been stamped."""
    if late := freshness.verdict(frame, frame.stamps.taken):
        return Skipped(frame, late)
    if frame.corrupt is not None:
        return DeadLettered(frame, "corrupt-record", frame.corrupt)
    if frame.value is None:
        return DeadLettered(frame, "null", "the record has no value")
    return frame.value


def decide(
    frame: Frame, row: Row, labels: tuple[str, ...], top: int, engine: str
) -> Classified | DeadLettered:
    """The outcome of a frame by the network's row: the `top` labels with the highest scores."""
    if isinstance(row, BadFrame):
        return DeadLettered(frame, row.reason, str(row))
    highest = np.argsort(-row, kind="stable")[:top]
    scores = {labels[index]: round(float(row[index]), 6) for index in highest}
    return Classified(frame, scores, engine)
