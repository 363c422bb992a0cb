"""Charts as SVG within the page: the learning curve, and confidence against accuracy."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from trainer.curve import Epoch
from trainer.reliability import BINS, Reliability

_WIDTH, _HEIGHT = 420, 260
_LEFT, _TOP, _RIGHT, _BOTTOM = 46, 26, 12, 34
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """The plane of a chart: from values to places on it."""

    low: float
    high: float
    first: float
    last: float

    def x(self, value: float) -> float:
        span = max(self.last - self.first, 1e-9)
        return _LEFT + (value - self.first) / span * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        span = max(self.high - self.low, 1e-9)
        return _HEIGHT - _BOTTOM - (value - self.low) / span * (_HEIGHT - _TOP - _BOTTOM)


def curve_chart(curve: Sequence[Epoch], best: int, what: str) -> str:
    """`loss` or `accuracy` of training and validation pictures, epoch by epoch."""
    of_train, of_val = _readings(what)
    values = [read(point) for point in curve for read in (of_train, of_val)]
    low, high = (int(min(values) * 5) / 5, 1.0) if what == "accuracy" else (0.0, _above(values))
    low = min(low, 0.8)
    frame = Frame(low, high, curve[0].epoch, max(curve[-1].epoch, curve[0].epoch + 1))
    parts = [_grid(frame, "epoch", what), _epochs(frame, curve)]
    parts += [_line(frame, curve, of_train, "train"), _line(frame, curve, of_val, "val")]
    for point in curve:
        if point.epoch == best:
            x, y = frame.x(point.epoch), frame.y(of_val(point))
            parts.append(f'<circle class="best" cx="{x:.1f}" cy="{y:.1f}" r="5"/>')
    last = curve[-1]
    says = f"{what} by epoch: at the end {of_train(last):.3f} in training and {of_val(last):.3f}"
    return _svg(f"{says} in validation", parts)


def reliability_chart(found: Reliability) -> str:
    """A bar for each part of the confidence: how many of those answers were right."""
    frame = Frame(0, 1, 0, 1)
    parts = [_grid(frame, "confidence", "right")]
    parts += [_tick(frame.x(at / 4), f"{at / 4:.2g}") for at in range(5)]
    most = max((one.answers for one in found.bins), default=1) or 1
    for at, one in enumerate(found.bins):
        if one.answers:
            left, right = frame.x(at / BINS), frame.x((at + 1) / BINS)
            top, strength = frame.y(one.accuracy), 0.35 + 0.65 * one.answers / most
            says = f"{one.answers} at {one.confidence:.2f}, {one.accuracy:.2f} right"
            parts.append(
                f'<rect class="bin" x="{left + 1:.1f}" y="{top:.1f}" width="{right - left - 2:.1f}"'
                f' height="{frame.y(0) - top:.1f}" fill-opacity="{strength:.2f}">'
                f"<title>{says}</title></rect>"
            )
    ends = (
        f'x1="{frame.x(0):.1f}" y1="{frame.y(0):.1f}" x2="{frame.x(1):.1f}" y2="{frame.y(1):.1f}"'
    )
    parts.append(f'<line class="ideal" {ends}/>')
    return _svg(f"confidence against accuracy, calibration error {found.error:.3f}", parts)


def _above(values: Sequence[float]) -> float:
    """A round number above all of them that can be divided by the ticks."""
    most = max(*values, 1e-6) / _TICKS
    power = 10.0 ** math.floor(math.log10(most))
    step = next(one for one in (1, 2, 2.5, 5, 10) if one * power >= most)
    return _TICKS * step * power


def _readings(what: str) -> tuple[Callable[[Epoch], float], Callable[[Epoch], float]]:
    if what == "loss":
        return (lambda point: point.train_loss), (lambda point: point.val_loss)
    return (lambda point: point.train_accuracy), (lambda point: point.val_accuracy)


def _line(frame: Frame, curve: Sequence[Epoch], read: Callable[[Epoch], float], kind: str) -> str:
    places = " ".join(f"{frame.x(p.epoch):.1f},{frame.y(read(p)):.1f}" for p in curve)
    dots = "".join(
        f'<circle class="{kind}" cx="{frame.x(p.epoch):.1f}" cy="{frame.y(read(p)):.1f}" r="2.5">'
        f"<title>epoch {p.epoch}: {read(p):.4f}</title></circle>"
        for p in curve
    )
    return f'<polyline class="{kind}" points="{places}"/>{dots}'


def _grid(frame: Frame, across: str, up: str) -> str:
    lines = []
    for at in range(_TICKS + 1):
        value = frame.low + (frame.high - frame.low) * at / _TICKS
        y = frame.y(value)
        lines.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        lines.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.2g}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    lines.append(f'<text x="{middle}" y="{_HEIGHT - 3}" text-anchor="middle">{across}</text>')
    lines.append(f'<text x="4" y="12">{up}</text>')
    return "".join(lines)


def _epochs(frame: Frame, curve: Sequence[Epoch]) -> str:
    every = max(1, len(curve) // 6)
    return "".join(_tick(frame.x(point.epoch), str(point.epoch)) for point in curve[::every])


def _tick(x: float, says: str) -> str:
    return f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 15}" text-anchor="middle">{says}</text>'


def _svg(says: str, parts: Sequence[str]) -> str:
    label = escape(says)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f"<title>{label}</title>{''.join(parts)}</svg>"
    )
