"""Waiting for Kafka, however long it takes, and saying what is waited for."""

from collections.abc import Callable

from deploy.bundle.errors import Unavailable
from edge.kafka.client import wait_for_broker
from edge.observe.health import Health
from edge.observe.logs import get_logger
from edge.pipeline.crew import Crew
from edge.settings.kafka import KafkaSettings

_log = get_logger("service")


def patiently(kafka: KafkaSettings, crew: Crew, health: Health, opens: Callable[[], None]) -> bool:
    """Ask Kafka for something, however long it takes to answer; False if told to stop before.

    Args:
        opens: raises Unavailable where trying again may help.
    """
    while not crew.stopping:
        try:
            opens()
        except Unavailable as error:
            _log.warning("connecting failed, trying again", error=str(error))
            wait_for_broker(kafka, crew.wait, told_to(health))
        else:
            return True
    return False


def told_to(health: Health) -> Callable[[str], None]:
    """Say in the log and to the probes what somebody else must mend."""

    def tell(what: str) -> None:
        _log.warning(what)
        health.phase = what

    return tell
