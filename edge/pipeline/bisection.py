"""The frame that breaks an engine is found by running ever smaller parts of its batch."""

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import numpy as np

from deploy.bundle.errors import BadFrame, Fatal, Unavailable
from deploy.bundle.reference import Scores
from edge.outcome import ENGINE_FAILED

Row: TypeAlias = Scores | BadFrame
"""What the network says of a frame, or why it cannot say anything."""
T = TypeVar("T")


def run_or_split(items: Sequence[T], run: Callable[[Sequence[T]], Sequence[Row]]) -> list[Row]:
    """The row of each item, or how the engine failed on it once it was run alone.

    Raises:
        Unavailable: the device cannot run the batch now.
        Fatal: the device is gone.
    """
    try:
        rows = run(items)
    except (Unavailable, Fatal):
        raise
    except BadFrame as error:
        return [error] if len(items) == 1 else _split(items, run, str(error))
    except Exception as error:  # noqa: BLE001 - whatever one frame can provoke in a driver
        return _split(items, run, f"{type(error).__name__}: {error}")
    if all(isinstance(row, BadFrame) or np.isfinite(row).all() for row in rows):
        return list(rows)
    return _split(items, run, "not finite")


def _split(
    items: Sequence[T], run: Callable[[Sequence[T]], Sequence[Row]], failure: str
) -> list[Row]:
    if len(items) == 1:
        return [BadFrame(ENGINE_FAILED, f"the engine failed on this frame: {failure}")]
    middle = len(items) // 2
    return run_or_split(items[:middle], run) + run_or_split(items[middle:], run)
