"""A page of metrics as plain data, so that one process can serve what others counted."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import TypeAlias

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar as ClientExemplar

from edge.observe.definitions import ALL, Metric

Labels: TypeAlias = tuple[tuple[str, str], ...]
Key: TypeAlias = tuple[str, Labels]
LISTED: Mapping[str, Metric] = {metric.name: metric for metric in ALL}
_PLACES = {name: place for place, name in enumerate(LISTED)}


class Exemplar(msgspec.Struct, frozen=True, array_like=True):
    """One observation that a bucket holds, with the labels that lead to it."""

    labels: dict[str, str]
    value: float
    timestamp: float
    """Unix seconds."""


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One line of the page. `metric` is its name in the list, `name` that of the line itself."""

    metric: str
    name: str
    labels: Labels
    value: float
    exemplar: Exemplar | None = None

    @property
    def key(self) -> Key:
        """What no other line of a page has."""
        return self.name, self.labels


def read_samples(registry: CollectorRegistry) -> list[Sample]:
    """All that a page of this registry would show now."""
    return [
        Sample(family.name, it.name, tuple(it.labels.items()), it.value, _plain(it.exemplar))
        for family in registry.collect()
        for it in family.samples
    ]


class SamplePage(Collector):
    """Samples as a page; `read` is asked for them when it is scraped."""

    def __init__(self, read: Callable[[], Iterable[Sample]]) -> None:
        self._read = read
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def describe(self) -> Iterator[Family]:
        """Nothing, so that registering reads nothing."""
        return iter(())

    def collect(self) -> Iterator[Family]:
        """Families in the order of the list, with their samples in the order in which they came."""
        ordered = sorted(self._read(), key=lambda sample: _PLACES[sample.metric])
        for name, samples in groupby(ordered, lambda sample: sample.metric):
            metric = LISTED[name]
            family = Family(name, metric.help, metric.kind)
            for it in samples:
                exemplar = _clients(it.exemplar)
                family.add_sample(it.name, dict(it.labels), it.value, exemplar=exemplar)
            yield family


def _plain(exemplar: ClientExemplar | None) -> Exemplar | None:
    if exemplar is None:
        return None
    return Exemplar(dict(exemplar.labels), exemplar.value, float(exemplar.timestamp or 0.0))


def _clients(exemplar: Exemplar | None) -> ClientExemplar | None:
    if exemplar is None:
        return None
    return ClientExemplar(exemplar.labels, exemplar.value, exemplar.timestamp)
