"""What a process shows on its one port: metrics, health, and what its machine says of itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from edge.kafka.own_certificate import usable_until
from edge.observe.certificate_metric import CertificateMetric
from edge.observe.gpu import Gpus
from edge.observe.gpu_metrics import GpuMetrics
from edge.observe.http import Counted, ObservationServer, Probed
from edge.observe.logs import get_logger
from edge.settings.run import RunSettings

_log = get_logger("service")


@contextmanager
def observed(settings: RunSettings, metrics: Counted, health: Probed) -> Iterator[None]:
    """Serve metrics and health while within `with`.

    Raises:
        Fatal: the port cannot be used.
    """
    operation, kafka = settings.operation, settings.kafka
    server = ObservationServer(operation.metrics_host, operation.metrics_port, metrics, health)
    with Gpus() as gpus, server:
        if gpus.present:
            metrics.registry.register(GpuMetrics(gpus.read))
        if kafka.ssl_certfile is not None:
            metrics.registry.register(CertificateMetric(partial(usable_until, kafka)))
        _log.info("serving metrics and health", port=server.port)
        yield
