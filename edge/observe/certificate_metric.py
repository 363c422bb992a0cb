"""When our own certificate expires, looked up when it is scraped: it may be replaced meanwhile."""

from collections.abc import Callable, Iterator

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from edge.observe.definitions import CERTIFICATE_EXPIRY


class CertificateMetric(Collector):
    """Registered with the registry whose page it joins."""

    def __init__(self, read: Callable[[], float]) -> None:
        self._read = read

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The family without a value, so that registering reads no file."""
        yield GaugeMetricFamily(CERTIFICATE_EXPIRY.name, CERTIFICATE_EXPIRY.help)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily(
            CERTIFICATE_EXPIRY.name, CERTIFICATE_EXPIRY.help, value=self._read()
        )
