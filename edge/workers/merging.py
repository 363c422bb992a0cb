"""The pages of several workers as one page. Pure rules."""

from collections.abc import Iterable
from itertools import chain

import msgspec

from edge.observe.samples import LISTED, Exemplar, Key, Sample


def merge(ended: Iterable[Sample], living: Iterable[Iterable[Sample]]) -> list[Sample]:
    """One page: every line that anybody has, once.

    Counters and histograms add up, those of workers that have ended included, so none ever goes
    back. Gauges follow what their definition says (`across`), and a line that tells a name, such as
    an engine's, stands there once for each name that there is.
    """
    page: dict[Key, Sample] = {}
    for sample in chain(ended, chain.from_iterable(living)):
        there = page.get(sample.key)
        page[sample.key] = sample if there is None else _joined(there, sample)
    return list(page.values())


def lasting(page: Iterable[Sample]) -> list[Sample]:
    """What of a worker's last page still counts when it has ended."""
    return [sample for sample in page if _adds_up(sample) or _across(sample) == "newest"]


def _joined(one: Sample, other: Sample) -> Sample:
    gauge = LISTED[one.metric].kind == "gauge"
    added = _adds_up(one) or (gauge and _across(one) == "sum")
    value = one.value + other.value if added else max(one.value, other.value)
    exemplar = _newest(one.exemplar, other.exemplar)
    return msgspec.structs.replace(one, value=value, exemplar=exemplar)


def _adds_up(sample: Sample) -> bool:
    return LISTED[sample.metric].kind in {"counter", "histogram"}


def _across(sample: Sample) -> str | None:
    return LISTED[sample.metric].across


def _newest(one: Exemplar | None, other: Exemplar | None) -> Exemplar | None:
    found = [exemplar for exemplar in (one, other) if exemplar is not None]
    return max(found, key=lambda exemplar: exemplar.timestamp, default=None)
