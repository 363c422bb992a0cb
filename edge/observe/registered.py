"""A metric of the list as the client library's own object."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from edge.observe.definitions import Metric


def counter(metric: Metric, to: CollectorRegistry) -> Counter:
    return Counter(metric.name, metric.help, metric.labels, registry=to)


def gauge(metric: Metric, to: CollectorRegistry) -> Gauge:
    return Gauge(metric.name, metric.help, metric.labels, registry=to)


def histogram(metric: Metric, to: CollectorRegistry) -> Histogram:
    return Histogram(metric.name, metric.help, metric.labels, buckets=metric.buckets, registry=to)


def info(metric: Metric, to: CollectorRegistry) -> Info:
    """Its labels are given with its values."""
    return Info(metric.name, metric.help, registry=to)
