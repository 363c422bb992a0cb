"""The cost curves of several engines beside each other: what a run takes, and what it yields."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy.bench.svg import FAINT, INK, Point, dot, drawing, line, text
from deploy.engines.measurement import Measurement

_PANEL, _HEIGHT, _MARGIN, _LINE = 420, 300, 60, 18
# Told apart by those who do not tell red from green too (Okabe and Ito, 2008).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_NICE = (1, 2, 5, 10)
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Curve:
    """One engine by its name, such as `openvino fp32`."""

    name: str
    found: Measurement


@dataclass(frozen=True, slots=True)
class _Panel:
    """A part of the drawing with axes of its own: batch size doubles from tick to tick."""

    left: float
    batches: tuple[int, ...]
    most: float

    def at(self, batch: int, value: float) -> Point:
        low, high = math.log2(self.batches[0]), math.log2(self.batches[-1])
        share = (math.log2(batch) - low) / (high - low) if high > low else 0.5
        x = self.left + _MARGIN + share * (_PANEL - _MARGIN * 1.5)
        return x, _MARGIN + _HEIGHT * (1 - value / self.most)

    def axes(self, title: str) -> Iterator[str]:
        yield text((self.left + _MARGIN, _MARGIN - 24), title, weight="bold")
        right = self.left + _PANEL - _MARGIN / 2
        for value in _ticks(self.most):
            _, y = self.at(self.batches[0], value)
            yield line([(self.left + _MARGIN - 8, y), (right, y)], FAINT, width=1)
            yield text((self.left + _MARGIN - 12, y + 4), f"{value:g}", anchor="end")
        for batch in self.batches:
            x, y = self.at(batch, 0)
            yield line([(x, y), (x, y + 5)], INK, width=1)
            yield text((x, y + 20), str(batch), anchor="middle")
        yield text((self.left + _PANEL / 2, _MARGIN + _HEIGHT + 40), "frames in a batch")


def plot(title: str, curves: Sequence[Curve]) -> str:
    """An SVG file: milliseconds of a run (dashed: p99), and frames a second, by batch size."""
    batches = tuple(sorted({point.batch for curve in curves for point in curve.found.points}))
    costs = _Panel(0, batches, 1000 * max(p.p99 for c in curves for p in c.found.points))
    rates = _Panel(_PANEL, batches, max(p.frames_a_second for c in curves for p in c.found.points))
    shapes = [text((_MARGIN - 8, 20), title, weight="bold")]
    shapes += costs.axes("milliseconds a run: median, p99 dashed")
    shapes += rates.axes("frames a second of one session")
    for number, curve in enumerate(curves):
        colour = _COLOURS[number % len(_COLOURS)]
        shapes += _drawn(curve, colour, costs, rates)
        y = _MARGIN + _HEIGHT + 70 + number * _LINE
        shapes += [line([(_MARGIN, y), (_MARGIN + 24, y)], colour), text((92, y + 4), curve.name)]
    height = _MARGIN + _HEIGHT + 80 + len(curves) * _LINE
    return drawing(2 * _PANEL, height, title, shapes)


def _drawn(curve: Curve, colour: str, costs: _Panel, rates: _Panel) -> Iterator[str]:
    points = curve.found.points
    yield line([costs.at(p.batch, 1000 * p.median) for p in points], colour)
    yield line([costs.at(p.batch, 1000 * p.p99) for p in points], colour, width=1, dashes="4 3")
    yield line([rates.at(p.batch, p.frames_a_second) for p in points], colour)
    for p in points:
        said = f"{curve.name}, batch {p.batch}: {1000 * p.median:.2f} ms"
        yield dot(costs.at(p.batch, 1000 * p.median), colour, said)
        said = f"{curve.name}, batch {p.batch}: {p.frames_a_second:.0f} frames/s"
        yield dot(rates.at(p.batch, p.frames_a_second), colour, said)


def _ticks(most: float) -> Iterator[float]:
    """From 0 in steps of 1, 2 or 5 and so many zeros."""
    rough = most / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * power for nice in _NICE if nice * power >= rough)
    for number in range(int(most / step) + 1):
        yield number * step
