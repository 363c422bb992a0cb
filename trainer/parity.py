"""Proof that a bundle's network computes what was learned."""

import numpy as np
from numpy.typing import NDArray

from trainer.errors import ParityBroken

MAX_ERROR = 1e-4
"""Largest difference of a logit, relative to the largest logit: FP32 in another order of sums."""


def insist_on_parity(learned: NDArray[np.float32], written: NDArray[np.float32]) -> float:
    """Compare logits [N, C] of real frames.

    Returns:
        The largest error of a logit, relative to the largest logit.

    Raises:
        ParityBroken: it is above `MAX_ERROR`.
    """
    error = float(np.abs(learned - written).max() / np.abs(learned).max())
    if not error <= MAX_ERROR:
        raise ParityBroken(
            f"the exported network differs from the trained one: largest error of a logit is "
            f"{error:.1e} of the largest logit, allowed is {MAX_ERROR:.0e}; no bundle was written"
        )
    return error
