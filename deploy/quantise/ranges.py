"""Which range of values eight bits should cover: the one that loses least.

Covering everything makes the steps coarse for the sake of a few outliers; a percentile that suits
one tensor cuts off what matters in another. So each tensor gets the range with the smallest mean
squared error of its own histogram, and each output channel of weights likewise.
"""

import numpy as np
from numpy.typing import NDArray

BINS = 2048
LEVELS = 127
"""INT8 is used symmetrically, from -127 to 127: what TensorRT's parser accepts."""
_SHARES = np.linspace(0.2, 1.0, 81)


class Histogram:
    """Counts of the magnitudes of a tensor's values; the range doubles when a value needs it."""

    def __init__(self) -> None:
        self.top = 0.0
        """Magnitude at the upper end of the last bin; 0 until a value other than zero was seen."""
        self.counts: NDArray[np.int64] = np.zeros(BINS, np.int64)

    def add(self, values: NDArray[np.float32]) -> None:
        magnitudes = np.abs(values).ravel()
        largest = float(magnitudes.max(initial=0.0))
        if self.top == 0:
            self.top = largest
        while self.top and largest > self.top:
            self.counts = np.concatenate(
                [self.counts.reshape(-1, 2).sum(axis=1), np.zeros(BINS // 2, np.int64)]
            )
            self.top *= 2
        if self.top:
            bins = np.minimum(magnitudes * (BINS / self.top), BINS - 1).astype(np.int64)
            self.counts += np.bincount(bins, minlength=BINS)


def best_limit(histogram: Histogram) -> float:
    """The magnitude up to which values are kept, at least error; 1 for a tensor of zeros."""
    if not histogram.top:
        return 1.0
    values = (np.arange(BINS) + 0.5) * (histogram.top / BINS)
    used = histogram.counts.nonzero()[0]
    values, counts = values[used], histogram.counts[used]
    limits = float(values[-1]) * _SHARES
    errors = [float((counts * _squared_error(values, limit)).sum()) for limit in limits]
    return float(limits[int(np.argmin(errors))])


def best_weights(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The limit of each row of weights [channels, all else], at least error."""
    largest = np.maximum(np.abs(rows).max(axis=1, keepdims=True), np.float32(1e-12))
    best, least = largest.copy(), np.full(largest.shape, np.inf, np.float32)
    for share in _SHARES[_SHARES >= 0.5]:  # noqa: PLR2004 - half of the weights' range is never cut
        limit = largest * np.float32(share)
        error = _squared_error(rows, limit).sum(axis=1, keepdims=True)
        better = error < least
        best, least = np.where(better, limit, best), np.where(better, error, least)
    limits: NDArray[np.float32] = best
    return limits


def rounded(values: NDArray[np.float32], limit: float | NDArray[np.float32]) -> NDArray[np.float32]:
    """What is left of values once they were INT8, with `limit` at 127."""
    step = np.asarray(limit, np.float32) / LEVELS
    kept = np.clip(np.round(values / step), -LEVELS, LEVELS) * step
    return kept.astype(np.float32)


def _squared_error(
    values: NDArray[np.float32], limit: float | NDArray[np.float32]
) -> NDArray[np.float32]:
    error: NDArray[np.float32] = np.square(rounded(values, limit) - values)
    return error
