"""GPUs as metrics, read when they are scraped. Where there is none, there are no series."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from edge.observe import definitions as listed
from edge.observe.definitions import Metric
from edge.observe.gpu import REASONS, GpuReading


class GpuMetrics(Collector):
    """Registered with the registry whose page it joins."""

    def __init__(self, read: Callable[[], Sequence[GpuReading]]) -> None:
        self._read = read

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The families without values, so that registering asks no GPU."""
        return (_family(metric) for metric in listed.GPUS)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        readings = self._read()
        for metric in listed.GPUS:
            family = _family(metric)
            for reading in readings:
                for labels, value in _samples(metric, reading):
                    family.add_metric([str(reading.number), *labels], value)
            yield family


def _family(metric: Metric) -> GaugeMetricFamily:
    return GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)


def _samples(metric: Metric, reading: GpuReading) -> Iterator[tuple[list[str], float]]:
    if metric is listed.GPU_THROTTLED:
        if reading.throttled is not None:
            yield from (([why], float(why in reading.throttled)) for why in REASONS.values())
        return
    value = {
        listed.GPU_UTILISATION: reading.utilisation,
        listed.GPU_MEMORY_USED: reading.memory_used,
        listed.GPU_MEMORY_TOTAL: reading.memory_total,
        listed.GPU_TEMPERATURE: reading.temperature,
    }[metric]
    if value is not None:
        yield [], float(value)
