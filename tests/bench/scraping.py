"""What it costs to be scraped: processor time of a full page, for 64 cameras and 16 partitions."""

import time
import urllib.request
from dataclasses import replace

from deploy.engines.device import core_count
from edge.frame import Partition
from edge.observe.health import Health
from edge.observe.http import ObservationServer
from edge.observe.metrics import Metrics
from tests.bench.rig import save, say
from tests.unit.outcomes import classified, dead_lettered, inferred_frame

_CAMERAS, _PARTITIONS = 64, 16
_SCRAPES = 100
_INTERVAL = 5.0
_OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}
_TRACE = f"00-{'1' * 32}-{'2' * 16}-01"


def measure_scraping() -> None:
    """Print bytes of a page, and the share of this machine that one scrape in five seconds takes.

    The client runs in this process too, so its time is counted with the service's.
    """
    with ObservationServer("127.0.0.1", 0, _full(), Health(dict)) as server:
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.port}/metrics", headers=_OPENMETRICS
        )
        _scrape(request)
        before = time.process_time()
        sizes = [_scrape(request) for _ in range(_SCRAPES)]
        seconds = (time.process_time() - before) / _SCRAPES
    share = seconds / _INTERVAL / core_count()
    say(
        f"scraping: {sizes[0]} bytes, {seconds * 1e3:.1f} ms of one core, client included; every "
        f"{_INTERVAL:g} s that is {share:.3%} of this machine   (aim: under 200000 bytes and 1 %)"
    )
    save("scraping", {"bytes": sizes[0], "seconds": seconds, "share": share})


def _full() -> Metrics:
    """Metrics with every label that a busy service has."""
    metrics = Metrics(cameras=_CAMERAS)
    for number in range(_CAMERAS):
        frame = replace(inferred_frame(traceparent=_TRACE), camera=f"gate-{number}")
        metrics.note_outcome(classified(frame))
        metrics.note_outcome(dead_lettered(frame))
    for number in range(_PARTITIONS):
        metrics.note_lag(Partition("frames", number), number)
    return metrics


def _scrape(request: urllib.request.Request) -> int:
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own service
        return len(answer.read())
