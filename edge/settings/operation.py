"""How the service is watched."""

from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Parameter, types, validators

from deploy.bundle import typed


@Parameter(name="*", group="Operation")
@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSettings:
    """How the service is watched."""

    metrics_host: str = "0.0.0.0"  # noqa: S104 - Prometheus scrapes from another machine
    """Address on which /metrics and /health are served."""

    metrics_port: types.Port = 9108
    """Port for /metrics and /health; 0 takes a free one and logs it."""

    camera_metrics: Annotated[int, Parameter(validator=validators.Number(gte=0))] = 0
    """How many cameras get metrics of their own, the first ones seen; 0 is none, since each costs
    two series."""

    latency_target: typed.Seconds = 1.0
    """Seconds from appended to acknowledged that 99 of 100 frames should keep to; nothing changes
    by it but an alert."""

    trace_endpoint: str | None = None
    """Where traces of frames are sent by OTLP over HTTP, such as http://collector:4318/v1/traces;
    needs the extra 'otel'."""

    trace_share: Annotated[float, Parameter(validator=validators.Number(gte=0, lte=1))] = 0.0
    """Share of the frames without a `traceparent` that are traced, 0 to 1; where a frame has one,
    that says whether it is traced."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity that is logged."""

    log_format: Literal["auto", "json", "text"] = "auto"
    """How logs are written to stderr; `auto` is text on a terminal and JSON elsewhere."""
