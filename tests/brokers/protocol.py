"""What a test needs to know of a broker, whichever it is."""

from typing import Protocol


class Broker(Protocol):
    """A Kafka broker that runs."""

    @property
    def address(self) -> str:
        """What clients bootstrap from, `127.0.0.1:PORT`."""
