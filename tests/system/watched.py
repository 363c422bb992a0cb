"""What Prometheus sees of the services of one test."""

from tests.brokers.topics import unique
from tests.integration.running import Command
from tests.prometheus.server import Prometheus
from tests.waiting import wait_until


class Watched:
    """Services under a job of their own, and the alerts of that job."""

    def __init__(self, prometheus: Prometheus) -> None:
        self._prometheus = prometheus
        self.job = unique("yardlight")

    def scrape(self, *services: Command) -> None:
        self._prometheus.scrape(self.job, *(service.url for service in services))

    def firing(self) -> dict[str, str]:
        return self._prometheus.firing(self.job)

    def wait_for(self, alert: str) -> None:
        """Until it fires."""
        wait_until(lambda: alert in self.firing(), alert)
        print(f"{alert} fired: {self.firing()[alert]}")  # noqa: T201

    def wait_for_peace(self) -> None:
        """Until frames are classified and nothing fires."""
        rate = f'job:yardlight_frames:rate{{job="{self.job}"}}'
        wait_until(
            lambda: self._prometheus.value(rate) > 0 and not self.firing(),
            "frames, and no alert",
        )
