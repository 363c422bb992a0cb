"""Calibration: of the answers given with 80 % confidence, 80 % should be right."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.logistic import Dense, Floats, sigmoid

_COLDEST, _HOTTEST, _STEPS = 1e-4, 20.0, 60
"""A probe that is pulled strongly gives small logits: 0.014 was found on a few hundred photos."""
_GOLDEN = (5**0.5 - 1) / 2
_TINY = 1e-9
_HALVINGS = 30


@dataclass(frozen=True, slots=True)
class Calibration:
    """What logits were divided by, and what was added afterwards."""

    temperature: float
    offsets: tuple[float, ...] = ()
    """Of each label; where labels exclude each other there are none."""

    def folded(self, dense: Dense) -> Dense:
        """The layer that gives calibrated logits: who runs it needs no other knowledge."""
        divisor = np.float32(self.temperature)
        return Dense(dense.weight / divisor, dense.bias / divisor + self._added)

    def undone(self, logits: Floats) -> Floats:
        """Logits [N, C] as they were before."""
        before: Floats = (logits - self._added) * np.float32(self.temperature)
        return before

    @property
    def _added(self) -> Floats | np.float32:
        return np.array(self.offsets, np.float32) if self.offsets else np.float32(0)

    def __str__(self) -> str:
        moved = " and an offset for each label" if self.offsets else ""
        return f"temperature {self.temperature:#.3g}{moved}"

    def document(self) -> dict[str, Any]:
        offsets = {"offsets": list(self.offsets)} if self.offsets else {}
        return {"temperature": self.temperature, **offsets}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Calibration | None":
        """What `document` wrote; None where it says nothing.

        Raises:
            TypeError, ValueError: something there is no number.
        """
        found = document.get("temperature")
        if found is None:
            return None
        return cls(float(found), tuple(map(float, document.get("offsets", ()))))


def temperature(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    """What to divide logits [N, C] by, so that they fit targets [N] best.

    It changes no answer, only how sure it is. The loss has one minimum along the temperature's
    logarithm, which is closed in on by golden section. Source: "On Calibration of Modern Neural
    Networks" (Guo et al., 2017).
    """
    low, high = np.log(_COLDEST), np.log(_HOTTEST)
    for _ in range(_STEPS):
        inner = (high - low) * _GOLDEN
        if _loss(logits, targets, high - inner) < _loss(logits, targets, low + inner):
            high = low + inner
        else:
            low = high - inner
    return float(np.exp((low + high) / 2))


def _loss(logits: NDArray[np.float32], targets: NDArray[np.int64], log_divisor: float) -> float:
    """Mean negative log likelihood at a temperature.

    Targets are a little unsure, as Platt's (1999), so that a few pictures which are all right do
    not make the network sure without limit.
    """
    scaled = logits.astype(np.float64) / np.exp(log_divisor)
    scaled -= scaled.max(1, keepdims=True)
    logs = scaled - np.log(np.exp(scaled).sum(1, keepdims=True))
    unsure = 1 / (len(targets) + 2)
    likely = (1 - unsure) * logs[np.arange(len(targets)), targets] + unsure * logs.mean(1)
    return float(-likely.mean())


def slope_and_offsets(logits: Floats, shown: NDArray[np.bool_]) -> Calibration:
    """One temperature, and for each label what to add, so that sigmoids fit bool [N, C] best.

    Platt's (1999) two numbers, of which all labels share the one that says how sure to be: with few
    pictures of a label it cannot be told for each. The offset takes back that the probe counts
    labels alike that are not equally frequent, so 0.5 parts what is more often so than not. The
    loss is convex, so Newton's method finds its minimum.
    """
    scale = float(np.sqrt((logits.astype(np.float64) ** 2).mean())) or 1.0
    scaled = logits.astype(np.float64) / scale
    present = shown.sum(0)
    wanted = np.where(shown, (present + 1) / (present + 2), 1 / (len(shown) - present + 2))
    slope, offsets = 1.0, np.zeros(shown.shape[1])
    loss = before = np.inf
    for _ in range(_STEPS):
        before, loss = loss, _binary_loss(scaled, wanted, slope, offsets)
        if before - loss < _TINY:
            break
        turned, moved = _newton(scaled, wanted, slope, offsets)
        share = _downhill(scaled, wanted, (slope, offsets), (turned, moved))
        slope, offsets = max(slope + share * turned, scale / _HOTTEST), offsets + share * moved
    return Calibration(scale / slope, tuple(offsets.tolist()))


def _downhill(
    logits: NDArray[np.float64],
    wanted: NDArray[np.float64],
    place: tuple[float, NDArray[np.float64]],
    way: tuple[float, NDArray[np.float64]],
) -> float:
    """How far along a way the loss falls: all of it, half, a quarter …, or not at all."""
    here = _binary_loss(logits, wanted, *place)
    for halvings in range(_HALVINGS):
        share = 0.5**halvings
        ahead = place[0] + share * way[0], place[1] + share * way[1]
        if _binary_loss(logits, wanted, *ahead) <= here:
            return share
    return 0.0


def _newton(
    logits: NDArray[np.float64],
    wanted: NDArray[np.float64],
    slope: float,
    offsets: NDArray[np.float64],
) -> tuple[float, NDArray[np.float64]]:
    """Newton's step of the slope and of the offsets; only the slope meets every offset."""
    found = sigmoid(slope * logits + offsets)
    missed, bent = found - wanted, found * (1 - found)
    own = bent.sum(0) + _TINY
    both, down = (bent * logits).sum(0), missed.sum(0)
    curve = (bent * logits**2).sum() - (both**2 / own).sum() + _TINY
    turned = -((missed * logits).sum() - (both * down / own).sum()) / curve
    return float(turned), -(down + both * turned) / own


def _binary_loss(
    logits: NDArray[np.float64],
    wanted: NDArray[np.float64],
    slope: float,
    offsets: NDArray[np.float64],
) -> float:
    """Mean negative log likelihood, of logits [N, C]."""
    moved = slope * logits + offsets
    return float((np.logaddexp(0, moved) - wanted * moved).mean())
